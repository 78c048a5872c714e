//! The tables, as diesel knows them: one declaration for both databases. A test compares it with what the
//! migrations made.

diesel::table! {
    merchant (id) {
        id -> BigInt,
        number -> Text,
        name -> Text,
        locale -> Text,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        tags -> Text,
        updated_at -> BigInt,
    }
}

diesel::table! {
    site (id) {
        id -> BigInt,
        code -> Text,
        merchant_id -> BigInt,
        name -> Text,
        region -> Text,
        address -> Nullable<Text>,
        time_zone -> Text,
        opening_hours -> Text,
        traffic_profile -> Text,
        tags -> Text,
        updated_at -> BigInt,
    }
}

diesel::table! {
    terminal (id) {
        id -> BigInt,
        serial -> Text,
        site_id -> BigInt,
        tid -> Text,
        mid -> Text,
        label -> Text,
        model -> Text,
        firmware -> Text,
        acquirer_host -> Text,
        carrier -> Nullable<Text>,
        cell -> Nullable<Text>,
        servicer -> Nullable<Text>,
        volume -> Integer,
        retired -> Bool,
        tags -> Text,
        updated_at -> BigInt,
    }
}

diesel::table! {
    maintenance_window (id) {
        id -> BigInt,
        scope -> Text,
        cron -> Text,
        duration_minutes -> Integer,
        cutoff_minutes -> Integer,
        time_zone -> Nullable<Text>,
    }
}

diesel::table! {
    blackout (id) {
        id -> BigInt,
        name -> Text,
        scope -> Text,
        from_local -> Text,
        to_local -> Text,
        yearly -> Bool,
        time_zone -> Nullable<Text>,
    }
}

diesel::table! {
    budget (id) {
        id -> BigInt,
        grouping_key -> Text,
        group_value -> Nullable<Text>,
        limit_count -> Nullable<Integer>,
        limit_percent -> Nullable<Integer>,
        min_down -> Integer,
        keep_up -> Integer,
        from_minute -> Nullable<Integer>,
        to_minute -> Nullable<Integer>,
    }
}

diesel::table! {
    programme (id) {
        id -> BigInt,
        name -> Text,
        on_site -> Bool,
        selector -> Text,
        recurrence -> Text,
        term_days -> Integer,
        duration_minutes -> Integer,
        priority -> Integer,
        notice_lead_minutes -> Integer,
        paused -> Bool,
        next_due_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    campaign (id) {
        id -> BigInt,
        name -> Text,
        state -> Text,
        work -> Text,
        selector -> Text,
        duration_minutes -> Integer,
        priority -> Integer,
        notice_lead_minutes -> Integer,
        release_at -> BigInt,
        deadline_at -> BigInt,
        programme_id -> Nullable<BigInt>,
        created_at -> BigInt,
        looked_over_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    campaign_wave (campaign_id, number) {
        campaign_id -> BigInt,
        number -> Integer,
        share -> Text,
        soak_minutes -> Integer,
        success_percent_min -> Integer,
        failures_max -> Nullable<Text>,
        sample_min -> Integer,
        state -> Text,
        opened_at -> Nullable<BigInt>,
        counted_from -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
        verdict -> Nullable<Text>,
        verdict_said -> Nullable<Text>,
    }
}

diesel::table! {
    wave_member (campaign_id, terminal_id) {
        campaign_id -> BigInt,
        terminal_id -> BigInt,
        wave -> Integer,
    }
}

diesel::table! {
    plan (id) {
        id -> BigInt,
        state -> Text,
        request -> Text,
        created_at -> BigInt,
        created_by -> Text,
        heartbeat_at -> BigInt,
        progress -> Nullable<Text>,
        report -> Nullable<Text>,
        error -> Nullable<Text>,
        published_at -> Nullable<BigInt>,
        published_by -> Nullable<Text>,
        stop_asked -> Bool,
    }
}

diesel::table! {
    plan_item (plan_id, ordinal) {
        plan_id -> BigInt,
        ordinal -> BigInt,
        terminal_id -> BigInt,
        work -> Text,
        duration_minutes -> Integer,
        notice_lead_minutes -> Integer,
        starts_at -> Nullable<BigInt>,
        ends_at -> Nullable<BigInt>,
        appointment_id -> Nullable<BigInt>,
        appointment_revision -> Nullable<Integer>,
        unplaced -> Nullable<Text>,
    }
}

diesel::table! {
    visit (id) {
        id -> BigInt,
        site_id -> BigInt,
        merchant_id -> BigInt,
        night -> Text,
        uid -> Text,
        sequence -> Integer,
        cancelled -> Bool,
        starts_at -> BigInt,
        ends_at -> BigInt,
    }
}

diesel::table! {
    appointment (id) {
        id -> BigInt,
        state -> Text,
        revision -> Integer,
        terminal_id -> BigInt,
        visit_id -> BigInt,
        plan_id -> Nullable<BigInt>,
        starts_at -> BigInt,
        ends_at -> BigInt,
        notice_lead_minutes -> Integer,
        emergency -> Bool,
        announced_at -> Nullable<BigInt>,
        note -> Nullable<Text>,
        created_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        pinned -> Bool,
    }
}

diesel::table! {
    appointment_work (appointment_id, ordinal) {
        appointment_id -> BigInt,
        ordinal -> Integer,
        campaign_id -> Nullable<BigInt>,
        title -> Text,
    }
}

diesel::table! {
    notice (id) {
        id -> BigInt,
        kind -> Text,
        state -> Text,
        merchant_id -> BigInt,
        night -> Text,
        recipient -> Text,
        locale -> Text,
        message_id -> Text,
        reason -> Nullable<Text>,
        emergency -> Bool,
        created_at -> BigInt,
        send_after -> BigInt,
        expires_at -> BigInt,
        attempts -> Integer,
        next_attempt_at -> BigInt,
        lease_until -> Nullable<BigInt>,
        accepted_at -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        subject -> Nullable<Text>,
        envelope_from -> Nullable<Text>,
        domain -> Text,
        urgent -> Bool,
        deferrals -> Integer,
        refused_for -> Nullable<Text>,
    }
}

diesel::table! {
    notice_message (notice_id) {
        notice_id -> BigInt,
        message -> Binary,
    }
}

diesel::table! {
    notice_visit (notice_id, visit_id) {
        notice_id -> BigInt,
        visit_id -> BigInt,
        kind -> Text,
        revision -> Integer,
        recipient -> Text,
        previous_starts_at -> Nullable<BigInt>,
        previous_ends_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    notice_lock (notice_id, lock_id) {
        notice_id -> BigInt,
        lock_id -> BigInt,
        kind -> Text,
        recipient -> Text,
    }
}

diesel::table! {
    link_key (number) {
        number -> Integer,
        secret -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    visit_answer (visit_id) {
        visit_id -> BigInt,
        revision -> Integer,
        answer -> Text,
        via -> Text,
        words -> Nullable<Text>,
        answered_at -> BigInt,
    }
}

diesel::table! {
    merchant_without_optional (merchant_id) {
        merchant_id -> BigInt,
        since -> BigInt,
    }
}

diesel::table! {
    merchant_reminders (merchant_id) {
        merchant_id -> BigInt,
        leads -> Text,
    }
}

diesel::table! {
    merchant_ascii_address (merchant_id) {
        merchant_id -> BigInt,
        address -> Text,
    }
}

diesel::table! {
    suppression (address) {
        address -> Text,
        reason -> Text,
        since -> BigInt,
    }
}

diesel::table! {
    inbound_mail (id) {
        id -> BigInt,
        digest -> Text,
        received_at -> BigInt,
        outcome -> Text,
        why -> Text,
        sender -> Nullable<Text>,
        recipient -> Nullable<Text>,
        subject -> Text,
        notice_id -> Nullable<BigInt>,
        visit_id -> Nullable<BigInt>,
        excerpt -> Nullable<Text>,
        done_at -> Nullable<BigInt>,
        done_by -> Nullable<Text>,
    }
}

diesel::table! {
    terminal_lock (id) {
        id -> BigInt,
        terminal_id -> BigInt,
        appointment_id -> Nullable<BigInt>,
        state -> Text,
        cause -> Text,
        opened_at -> BigInt,
        opened_by -> Text,
        closed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    idempotency (key_digest) {
        key_digest -> Text,
        fingerprint -> Text,
        begun_at -> BigInt,
        expires_at -> BigInt,
        lost -> Bool,
        status -> Nullable<Integer>,
        headers -> Nullable<Text>,
        body -> Nullable<Binary>,
    }
}

diesel::table! {
    webhook (id) {
        id -> BigInt,
        url -> Text,
        description -> Text,
        kinds -> Text,
        enabled -> Bool,
        disabled_why -> Nullable<Text>,
        created_at -> BigInt,
        failures -> Integer,
        failing_since -> Nullable<BigInt>,
        next_try_at -> BigInt,
    }
}

diesel::table! {
    webhook_secret (webhook_id, number) {
        webhook_id -> BigInt,
        number -> Integer,
        secret -> Binary,
        expires_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    webhook_delivery (id) {
        id -> BigInt,
        webhook_id -> BigInt,
        message_id -> Text,
        kind -> Text,
        body -> Text,
        state -> Text,
        attempts -> Integer,
        queued_at -> BigInt,
        next_attempt_at -> BigInt,
        lease_until -> Nullable<BigInt>,
        last_status -> Nullable<Integer>,
        last_error -> Nullable<Text>,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        at -> BigInt,
        actor -> Text,
        action -> Text,
        subject -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        reason -> Nullable<Text>,
        fence -> Nullable<BigInt>,
        origin -> Nullable<Text>,
        position -> Nullable<BigInt>,
        hash -> Nullable<Text>,
    }
}

diesel::table! {
    lease (name) {
        name -> Text,
        holder -> Text,
        token -> BigInt,
        since -> BigInt,
        until -> BigInt,
    }
}

diesel::table! {
    account (id) {
        id -> BigInt,
        name -> Text,
        role -> Text,
        scope -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        created_at -> BigInt,
        password_at -> Nullable<BigInt>,
        disabled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    session (token_hash) {
        token_hash -> Text,
        account_id -> BigInt,
        created_at -> BigInt,
        seen_at -> BigInt,
        expires_at -> BigInt,
        origin -> Nullable<Text>,
    }
}

diesel::table! {
    api_token (id) {
        id -> BigInt,
        name -> Text,
        prefix -> Text,
        token_hash -> Text,
        account_id -> Nullable<BigInt>,
        made_by -> Text,
        role -> Text,
        scope -> Nullable<Text>,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    set_up_link (token_hash) {
        token_hash -> Text,
        account_id -> Nullable<BigInt>,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    sign_in_failure (subject) {
        subject -> Text,
        failures -> Integer,
        last_at -> BigInt,
        blocked_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    fleet_revision (id) {
        id -> BigInt,
        revision -> BigInt,
    }
}

diesel::table! {
    audit_head (id) {
        id -> BigInt,
        position -> BigInt,
        hash -> Text,
    }
}

diesel::table! {
    approval (id) {
        id -> BigInt,
        action -> Text,
        subject -> Text,
        request -> Text,
        digest -> Text,
        words -> Text,
        reason -> Nullable<Text>,
        state -> Text,
        asked_by -> Text,
        asked_at -> BigInt,
        expires_at -> BigInt,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        decision -> Nullable<Text>,
        outcome -> Nullable<Text>,
    }
}

diesel::joinable!(site -> merchant (merchant_id));
diesel::joinable!(terminal -> site (site_id));
diesel::joinable!(campaign_wave -> campaign (campaign_id));
diesel::joinable!(wave_member -> campaign (campaign_id));
diesel::joinable!(wave_member -> terminal (terminal_id));
diesel::joinable!(plan_item -> plan (plan_id));
diesel::joinable!(plan_item -> terminal (terminal_id));
diesel::joinable!(visit -> site (site_id));
diesel::joinable!(visit -> merchant (merchant_id));
diesel::joinable!(appointment -> terminal (terminal_id));
diesel::joinable!(appointment -> visit (visit_id));
diesel::joinable!(appointment -> plan (plan_id));
diesel::joinable!(appointment_work -> appointment (appointment_id));
diesel::joinable!(appointment_work -> campaign (campaign_id));
diesel::joinable!(notice -> merchant (merchant_id));
diesel::joinable!(notice_visit -> notice (notice_id));
diesel::joinable!(notice_visit -> visit (visit_id));
diesel::joinable!(notice_lock -> notice (notice_id));
diesel::joinable!(notice_lock -> terminal_lock (lock_id));
diesel::joinable!(terminal_lock -> terminal (terminal_id));
diesel::joinable!(terminal_lock -> appointment (appointment_id));
diesel::joinable!(session -> account (account_id));
diesel::joinable!(api_token -> account (account_id));

// Only tables that meet in a question: each pair costs the compiler ten implementations.
diesel::allow_tables_to_appear_in_same_query! {
    merchant, site, terminal, campaign, campaign_wave, wave_member, plan, plan_item, visit, appointment,
    appointment_work, notice, notice_visit, notice_lock, terminal_lock, suppression,
}
diesel::allow_tables_to_appear_in_same_query!(account, session, api_token);

diesel::allow_columns_to_appear_in_same_group_by_clause!(appointment_work::campaign_id, appointment::state);
diesel::allow_columns_to_appear_in_same_group_by_clause!(notice::kind, notice::state, notice::domain);
