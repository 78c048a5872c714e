//! Where shops are: countries, the operator's regions in them, cities with their zones, and who carries the
//! payments there.

use chrono_tz::{America, Asia, Australia, Europe, Tz};

/// The language of names and streets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Chinese,
    English,
    German,
    Portuguese,
}

pub(super) struct Country {
    /// Its share of the firms, in thousandths.
    pub(super) weight: u32,
    pub(super) language: Language,
    /// The mobile country code, which cells begin with.
    pub(super) mobile_code: &'static str,
    /// Carriers with their network code and weight.
    pub(super) carriers: &'static [(&'static str, &'static str, u32)],
    /// Acquirer hosts with their weight; a firm keeps to one.
    pub(super) hosts: &'static [(&'static str, u32)],
    /// What a telephone number begins with. No subscriber has such a number: the ranges are reserved for fiction,
    /// or begin with a digit that no number there begins with.
    pub(super) phone_prefix: &'static str,
    /// How many digits follow.
    pub(super) phone_digits: u32,
    pub(super) regions: &'static [Region],
}

pub(super) struct Region {
    pub(super) name: &'static str,
    pub(super) weight: u32,
    pub(super) servicers: [&'static str; 2],
    pub(super) cities: &'static [(&'static str, Tz)],
}

pub(super) const COUNTRIES: &[Country] = &[
    Country {
        weight: 500,
        language: Language::Chinese,
        mobile_code: "460",
        carriers: &[("China Mobile", "00", 50), ("China Unicom", "01", 25), ("China Telecom", "11", 25)],
        hosts: &[("acquirer-cn-1", 45), ("acquirer-cn-2", 35), ("acquirer-cn-3", 20)],
        phone_prefix: "+86 10 0000 ",
        phone_digits: 4,
        regions: &[
            Region {
                name: "cn-north",
                weight: 30,
                servicers: ["华北终端服务", "京津快修"],
                cities: &[
                    ("北京市", Asia::Shanghai),
                    ("天津市", Asia::Shanghai),
                    ("石家庄市", Asia::Shanghai),
                    ("沈阳市", Asia::Shanghai),
                ],
            },
            Region {
                name: "cn-east",
                weight: 35,
                servicers: ["华东终端服务", "江南支付维保"],
                cities: &[
                    ("上海市", Asia::Shanghai),
                    ("杭州市", Asia::Shanghai),
                    ("南京市", Asia::Shanghai),
                    ("苏州市", Asia::Shanghai),
                ],
            },
            Region {
                name: "cn-south",
                weight: 25,
                servicers: ["华南终端服务", "珠江快修"],
                cities: &[
                    ("广州市", Asia::Shanghai),
                    ("深圳市", Asia::Shanghai),
                    ("厦门市", Asia::Shanghai),
                    ("海口市", Asia::Shanghai),
                ],
            },
            Region {
                name: "cn-west",
                weight: 10,
                servicers: ["西部终端服务", "天山维保"],
                cities: &[
                    ("成都市", Asia::Shanghai),
                    ("西安市", Asia::Shanghai),
                    ("乌鲁木齐市", Asia::Urumqi),
                    ("喀什市", Asia::Urumqi),
                ],
            },
        ],
    },
    Country {
        weight: 210,
        language: Language::English,
        mobile_code: "310",
        carriers: &[("Verizon", "004", 40), ("AT&T", "410", 35), ("T-Mobile US", "260", 25)],
        hosts: &[("acquirer-us-1", 60), ("acquirer-us-2", 40)],
        phone_prefix: "+1 212 555 01",
        phone_digits: 2,
        regions: &[
            Region {
                name: "us-east",
                weight: 45,
                servicers: ["Atlantic Field Service", "Tri-State Terminals"],
                cities: &[
                    ("New York", America::New_York),
                    ("Boston", America::New_York),
                    ("Philadelphia", America::New_York),
                    ("Atlanta", America::New_York),
                ],
            },
            Region {
                name: "us-central",
                weight: 25,
                servicers: ["Prairie Field Service", "Lakeside Terminals"],
                cities: &[
                    ("Chicago", America::Chicago),
                    ("Dallas", America::Chicago),
                    ("St. Louis", America::Chicago),
                ],
            },
            Region {
                name: "us-west",
                weight: 30,
                servicers: ["Pacific Field Service", "Canyon Terminals"],
                cities: &[
                    ("Seattle", America::Los_Angeles),
                    ("San Diego", America::Los_Angeles),
                    ("Phoenix", America::Phoenix),
                ],
            },
        ],
    },
    Country {
        weight: 90,
        language: Language::English,
        mobile_code: "234",
        carriers: &[("EE", "30", 40), ("O2 UK", "10", 35), ("Vodafone UK", "15", 25)],
        hosts: &[("acquirer-uk-1", 100)],
        phone_prefix: "+44 1632 960",
        phone_digits: 3,
        regions: &[Region {
            name: "uk",
            weight: 1,
            servicers: ["Northern Field Service", "Thames Terminals"],
            cities: &[
                ("London", Europe::London),
                ("Leeds", Europe::London),
                ("Bristol", Europe::London),
                ("Glasgow", Europe::London),
            ],
        }],
    },
    Country {
        weight: 80,
        language: Language::German,
        mobile_code: "262",
        carriers: &[("Telekom", "01", 45), ("Vodafone DE", "02", 30), ("O2 DE", "03", 25)],
        hosts: &[("acquirer-de-1", 100)],
        phone_prefix: "+49 30 23125 ",
        phone_digits: 3,
        regions: &[Region {
            name: "de",
            weight: 1,
            servicers: ["Hanse Terminalservice", "Alpenland Kassentechnik"],
            cities: &[
                ("Berlin", Europe::Berlin),
                ("Hamburg", Europe::Berlin),
                ("München", Europe::Berlin),
                ("Köln", Europe::Berlin),
            ],
        }],
    },
    Country {
        weight: 60,
        language: Language::Portuguese,
        mobile_code: "724",
        carriers: &[("Vivo", "06", 40), ("Claro", "05", 35), ("TIM", "02", 25)],
        hosts: &[("acquirer-br-1", 100)],
        phone_prefix: "+55 11 0000-",
        phone_digits: 4,
        regions: &[Region {
            name: "br",
            weight: 1,
            servicers: ["Serviços de Campo Sul", "Paulista Terminais"],
            cities: &[
                ("São Paulo", America::Sao_Paulo),
                ("Curitiba", America::Sao_Paulo),
                ("Rio de Janeiro", America::Sao_Paulo),
            ],
        }],
    },
    Country {
        weight: 60,
        language: Language::English,
        mobile_code: "505",
        carriers: &[("Telstra", "01", 55), ("Optus", "02", 45)],
        hosts: &[("acquirer-au-1", 100)],
        phone_prefix: "+61 2 5550 ",
        phone_digits: 4,
        regions: &[
            Region {
                name: "au-east",
                weight: 95,
                servicers: ["Southern Cross Field Service", "Harbour Terminals"],
                cities: &[
                    ("Sydney", Australia::Sydney),
                    ("Brisbane", Australia::Brisbane),
                    ("Adelaide", Australia::Adelaide),
                ],
            },
            Region {
                name: "au-lord-howe",
                weight: 5,
                servicers: ["Southern Cross Field Service", "Island Terminals"],
                cities: &[("Lord Howe Island", Australia::Lord_Howe)],
            },
        ],
    },
];

/// The share of all firms that are at home in a region, from 0 to 1.
pub(super) fn region_share(country: &Country, region: &Region) -> f64 {
    let countries: u32 = COUNTRIES.iter().map(|country| country.weight).sum();
    let regions: u32 = country.regions.iter().map(|region| region.weight).sum();
    f64::from(country.weight) / f64::from(countries) * f64::from(region.weight) / f64::from(regions)
}
