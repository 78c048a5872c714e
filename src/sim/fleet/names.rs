//! Names, streets and contacts, in the language of the country. Mail addresses are under `example`, which no
//! mail server will ever accept for (RFC 2606).

use super::places::{Country, Language};
use super::shops::Shop;
use crate::domain::fleet::Locale;
use crate::sim::dice::Dice;

const CHINESE_NAMES: &[&str] = &[
    "福源",
    "永兴",
    "鑫隆",
    "百顺",
    "家和",
    "万家",
    "瑞丰",
    "金穗",
    "同福",
    "锦绣",
    "吉祥",
    "宏达",
    "盛世",
    "德昌",
    "悦来",
    "聚香",
    "老城",
    "春晖",
    "秋实",
    "海天",
    "江南",
    "北国",
    "东篱",
    "西窗",
    "蓝湾",
    "青禾",
    "白鹭",
    "红枫",
    "云上",
    "星河",
    "长乐",
    "平安",
    "康泰",
    "益民",
    "惠民",
    "好邻居",
    "半亩",
    "三味",
    "一品",
    "九州",
];
const CHINESE_STREETS: &[&str] = &[
    "中山路",
    "人民路",
    "解放路",
    "建设路",
    "和平路",
    "新华路",
    "文化路",
    "长江路",
    "黄河路",
    "学院路",
    "滨江大道",
    "湖滨路",
    "南京路",
    "北京路",
    "迎宾大道",
    "胜利街",
    "青年路",
    "花园路",
    "工农路",
    "东风路",
];
const ENGLISH_NAMES: &[&str] = &[
    "Harbour",
    "Finch",
    "Oakley",
    "Bramble",
    "Whitfield",
    "Marlow",
    "Kestrel",
    "Copper",
    "Lantern",
    "Juniper",
    "Ashdown",
    "Bellamy",
    "Carver",
    "Drake",
    "Ellery",
    "Foxglove",
    "Granger",
    "Hartley",
    "Ivory",
    "Jasper",
    "Kingsley",
    "Larkin",
    "Meadow",
    "Nightingale",
    "Orchard",
    "Pemberton",
    "Quill",
    "Rowan",
    "Saffron",
    "Thistle",
];
const ENGLISH_STREETS: &[&str] = &[
    "Mill Road",
    "High Street",
    "Church Street",
    "Station Road",
    "Park Avenue",
    "Main Street",
    "Bridge Street",
    "Queen Street",
    "Elm Street",
    "Market Square",
    "Victoria Road",
    "Lake Drive",
    "Hill Street",
    "Maple Avenue",
];
const GERMAN_NAMES: &[&str] = &[
    "Brinkmann",
    "Hagedorn",
    "Lindner",
    "Petersen",
    "Kessler",
    "Vogel",
    "Schreiner",
    "Winterfeld",
    "Amsel",
    "Bergmann",
    "Falk",
    "Reuter",
    "Sommer",
    "Thalbach",
];
const GERMAN_STREETS: &[&str] = &[
    "Lindenstraße",
    "Hauptstraße",
    "Bahnhofstraße",
    "Gartenweg",
    "Schillerstraße",
    "Am Markt",
    "Bergstraße",
    "Mühlenweg",
    "Goethestraße",
];
const PORTUGUESE_NAMES: &[&str] = &[
    "Boa Vista",
    "Ipê",
    "São Bento",
    "Aurora",
    "Bela Flor",
    "Primavera",
    "Santa Clara",
    "Três Irmãos",
    "Recanto",
    "Jardim",
    "Estrela",
    "Pinheiro",
];
const PORTUGUESE_STREETS: &[&str] = &[
    "Rua das Flores",
    "Avenida Central",
    "Rua Quinze de Novembro",
    "Rua do Comércio",
    "Avenida Brasil",
    "Rua São João",
    "Praça da Matriz",
];
const MAILBOXES: &[&str] = &["office", "manager", "accounts", "payments", "shop", "service"];

impl Language {
    /// The language of the mails: what is neither Chinese nor English is written to in English.
    pub(super) const fn locale(self) -> Locale {
        match self {
            Language::Chinese => Locale::ZhCn,
            Language::English | Language::German | Language::Portuguese => Locale::En,
        }
    }
}

/// What a firm is called.
pub(super) fn firm_name(dice: &mut Dice, language: Language, shop: &Shop) -> String {
    let noun = dice.pick(shop.nouns(language));
    match language {
        Language::Chinese => format!("{}{noun}", dice.pick(CHINESE_NAMES)),
        Language::English if dice.per_mille(400) => {
            format!("{} & {} {noun}", dice.pick(ENGLISH_NAMES), dice.pick(ENGLISH_NAMES))
        }
        Language::English => format!("{} {noun}", dice.pick(ENGLISH_NAMES)),
        Language::German => format!("{noun} {}", dice.pick(GERMAN_NAMES)),
        Language::Portuguese => format!("{noun} {}", dice.pick(PORTUGUESE_NAMES)),
    }
}

/// The name of a firm's site and its postal address, which share a street.
pub(super) fn site_name_and_address(
    dice: &mut Dice,
    language: Language,
    firm: &str,
    city: &str,
    is_only_site: bool,
) -> (String, String) {
    let house_number = 1 + dice.skewed(0, 399);
    let street = dice.pick(match language {
        Language::Chinese => CHINESE_STREETS,
        Language::English => ENGLISH_STREETS,
        Language::German => GERMAN_STREETS,
        Language::Portuguese => PORTUGUESE_STREETS,
    });
    let name = match language {
        _ if is_only_site => firm.to_owned(),
        Language::Chinese => format!("{firm}（{}{street}店）", city.trim_end_matches('市')),
        _ => format!("{firm}, {street}, {city}"),
    };
    let address = match language {
        Language::Chinese => format!("{city}{street}{house_number}号"),
        Language::English => format!("{house_number} {street}, {city}"),
        Language::German => format!("{street} {house_number}, {city}"),
        Language::Portuguese => format!("{street}, {house_number}, {city}"),
    };
    (name, address)
}

/// An address under a domain of its own for each firm.
pub(super) fn mail_address(dice: &mut Dice, firm: &str, firm_index: u32) -> String {
    let word: String = firm.chars().take_while(char::is_ascii_alphabetic).collect();
    let word = if word.is_empty() { "shop".to_owned() } else { word.to_ascii_lowercase() };
    format!("{}@{word}-{firm_index}.example", dice.pick(MAILBOXES))
}

/// A number that nobody has.
pub(super) fn phone(dice: &mut Dice, country: &Country) -> String {
    let number = dice.below(10_u32.pow(country.phone_digits));
    format!("{}{number:0width$}", country.phone_prefix, width = country.phone_digits as usize)
}

/// What the merchant calls a terminal.
pub(super) fn label(language: Language, is_self_service: bool, is_wired: bool, number: u32) -> String {
    match language {
        Language::Chinese if is_self_service => format!("自助收银{number}"),
        Language::Chinese if is_wired => format!("收银台{number}"),
        Language::Chinese => format!("移动POS{number}"),
        _ if is_self_service => format!("Self-checkout {number}"),
        _ if is_wired => format!("Till {number}"),
        _ => format!("Handheld {number}"),
    }
}
