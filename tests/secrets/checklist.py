"""The rules about secrets, and the tests that show each: file, then the names of its tests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """`tests`: file below `tests/` → names; a name may be a fixture that is active in every test."""

    says: str
    tests: dict[str, tuple[str, ...]]


_ANY = "secrets/test_twice.py"
_LOGIN = "kite/test_login.py"

CHECKLIST = {
    1: Rule(
        "the token store is private from its first byte on, whatever the umask",
        {"test_env_file.py": ("test_the_file_is_private_whatever_the_umask_and_the_mode_before",)},
    ),
    2: Rule(
        "a save is all or nothing, whatever call of it fails and whenever it is killed",
        {
            "test_env_file.py": ("test_a_save_that_fails_at_any_call_leaves_the_old_file_or_the_new_one",),
            "session/test_killed.py": (
                "test_a_save_killed_before_any_call_leaves_the_old_file_or_the_new_one",
                "test_a_save_killed_at_a_system_call_leaves_the_old_file_or_the_new_one",
            ),
        },
    ),
    3: Rule(
        "other keys, comments, order and line ends of the file survive",
        {
            "session/test_any_file.py": (
                "test_a_save_changes_our_keys_and_nothing_else",
                "test_a_logout_empties_our_keys_and_changes_nothing_else",
            ),
            "test_env_file.py": ("test_whatever_the_file_the_value_reads_back_and_all_others_stay",),
        },
    ),
    4: Rule(
        "a store that others can read or replace is warned about or refused, and mended by the next login",
        {
            "session/test_store.py": (
                "test_a_file_that_others_can_read_is_warned_about",
                "test_a_folder_where_anybody_can_replace_the_file_is_warned_about",
                "test_a_save_keeps_every_other_line_and_makes_the_file_private",
            ),
            "session/test_killed.py": ("test_a_file_of_another_user_is_left_to_him",),
            "commands/test_tokens.py": ("test_a_store_that_others_can_read_is_refused_when_that_is_wished",),
        },
    ),
    5: Rule(
        "only a login reads the API secret, and a run has no copy of it",
        {
            "commands/test_memory.py": ("test_a_run_has_no_copy_of_the_api_secret",),
            "test_settings.py": ("test_the_secret_is_read_for_login_alone_and_never_shown",),
        },
    ),
    6: Rule(
        "a keyring that keeps no secret is refused",
        {
            "session/test_keyring.py": (
                "test_a_back_end_that_keeps_no_secret_is_refused",
                "test_a_chain_is_as_good_as_its_worst_member",
            )
        },
    ),
    7: Rule(
        "git does not take a new token store, and a store that it has is told of",
        {
            "test_git.py": (
                "test_a_new_store_gets_a_gitignore_beside_it",
                "test_a_store_that_git_has_is_told_of",
            )
        },
    ),
    8: Rule(
        "a process that holds a secret leaves no core dump",
        {"test_hardening.py": ("test_core_dumps_are_off_and_another_program_is_as_it_was",)},
    ),
    9: Rule(
        "a logout ends the session at Kite and on the disk",
        {"commands/test_logout.py": ("test_a_logout_ends_the_session_at_kite_and_in_the_file",)},
    ),
    10: Rule(
        "no secret is in an argument, and no flag takes one",
        {
            "commands/test_tokens.py": ("test_no_secret_is_in_the_arguments_or_the_environment_of_what_runs",),
            "commands/test_login.py": ("test_the_token_cannot_be_given_as_an_argument",),
            "secrets/test_scanner.py": ("test_no_flag_and_no_setting_turns_tls_off_or_takes_a_token",),
        },
    ),
    11: Rule(
        "no exception of a library brings the address of the feed or a header to the user, and nothing keeps them",
        {
            "secrets/test_library_exceptions.py": (
                "test_what_a_rest_call_raises_holds_nothing_of_it",
                "test_what_the_feed_says_of_it_holds_nothing_of_it",
            ),
            "kite/test_feed_opens.py": ("test_the_token_is_kept_nowhere_once_the_feed_is_open",),
            "kite/test_rest.py": ("test_a_failed_call_leaves_no_trail_to_the_secret",),
        },
    ),
    12: Rule(
        "what cannot be a token reaches no library",
        {
            "kite/test_rest.py": ("test_what_cannot_be_a_token_never_reaches_a_library",),
            "session/test_store.py": ("test_what_cannot_be_a_token_is_malformed_with_a_reason_and_without_its_value",),
        },
    ),
    13: Rule(
        "the loggers of the libraries stay shut, with -vv too",
        {
            "secrets/test_loggers.py": (
                "test_a_logger_that_was_opened_before_is_shut_again",
                "test_a_program_that_logs_everything_sees_nothing_of_a_call",
                "test_the_loudest_command_under_an_open_log_shows_no_secret",
            ),
            "kite/test_feed_opens.py": ("test_the_library_cannot_be_made_to_log_the_token",),
        },
    ),
    14: Rule(
        "every text passes the redactor, by value and in five encodings, before it is cut",
        {
            "secrets/test_planting.py": (
                "test_nothing_planted_in_five_encodings_is_left",
                "test_a_text_is_redacted_before_it_is_cut",
                "test_every_road_of_the_printer_takes_every_encoding",
            ),
            "console/test_printer.py": ("test_every_road_to_a_stream_is_redacted",),
        },
    ),
    15: Rule(
        "no traceback and no other last resort of the interpreter prints a secret",
        {
            "secrets/test_last_resorts.py": ("test_no_last_resort_prints_a_secret",),
            "test_app.py": ("test_a_bug_on_any_thread_is_one_message_and_exit_70",),
        },
    ),
    16: Rule(
        "errors, records and files are the same whatever the secret",
        {_ANY: ("test_two_secrets_of_one_shape_give_the_same_bytes", "test_the_comparison_sees_a_secret")},
    ),
    17: Rule(
        "no recording, scenario or page holds a credential or a person, and recording makes none that does",
        {
            "secrets/test_scanner.py": (
                "test_no_recording_and_no_scenario_holds_a_credential_or_a_person",
                "test_no_page_and_no_source_holds_a_token_or_a_person",
                "test_nothing_that_ever_stood_in_a_recording_or_a_scenario_did",
                "test_what_is_recorded_of_a_person_is_no_person",
            ),
            "kite/test_cassette.py": ("test_nothing_planted_anywhere_in_an_exchange_is_kept",),
        },
    ),
    18: Rule(
        "children are told none of our settings",
        {
            "test_hardening.py": ("test_children_get_none_of_our_settings",),
            "commands/test_login.py": ("test_the_browser_is_opened_with_the_link_and_without_our_secrets",),
            "notices/test_command.py": ("test_it_is_told_no_setting_of_ours",),
            _ANY: ("test_two_secrets_of_one_shape_give_the_same_bytes",),
        },
    ),
    19: Rule(
        "no redirect is followed with credentials, and TLS is always verified",
        {
            "kite/test_rest.py": (
                "test_a_redirect_is_not_followed_and_carries_nothing_away",
                "test_a_certificate_of_an_unknown_authority_is_not_trusted",
                "test_a_certificate_of_another_host_is_not_trusted",
                "test_credentials_go_nowhere_unencrypted",
            ),
            "kite/test_feed_opens.py": (
                "test_a_redirect_is_refused_and_never_followed",
                "test_a_certificate_that_is_not_trusted_ends_the_try_before_the_token_is_sent",
                "test_a_name_that_leads_away_is_not_reached_in_the_clear",
            ),
            "secrets/test_scanner.py": (
                "test_tls_is_weakened_nowhere_and_no_redirect_is_followed",
                "test_no_flag_and_no_setting_turns_tls_off_or_takes_a_token",
            ),
        },
    ),
    20: Rule(
        "only the configured hosts are spoken to, and in tests only this computer",
        {
            "conftest.py": ("_no_network_beyond_this_machine",),
            "test_guards.py": ("test_a_misdeed_fails_its_test",),
            "secrets/test_hosts.py": (
                "test_a_command_speaks_to_the_configured_place_alone",
                "test_without_a_configured_place_it_is_kites",
                "test_the_kernel_sees_no_other_connection",
            ),
        },
    ),
    21: Rule(
        "the login page listens on loopback, while it waits, for one login",
        {
            _LOGIN: (
                "test_it_listens_on_loopback_only",
                "test_the_port_is_free_after_the_close",
                "test_a_second_good_redirect_is_not_a_second_login",
                "test_five_minutes_without_a_login_end_with_exit_3",
            ),
            "commands/test_login.py": (
                "test_it_listens_on_loopback_alone",
                "test_nobody_listens_while_the_request_token_is_exchanged",
            ),
        },
    ),
    22: Rule(
        "a redirect needs our nonce of 128 bits or more, which works once",
        {
            _LOGIN: (
                "test_nonces_hold_at_least_128_bits_and_never_repeat",
                "test_every_digit_of_a_nonce_is_as_likely_as_any_other",
                "test_a_browser_without_our_nonce_brings_nothing",
                "test_a_forged_redirect_is_refused_and_the_real_one_still_works",
            )
        },
    ),
    23: Rule(
        "host, method, path, length and number of requests are bounded",
        {
            _LOGIN: (
                "test_a_wrong_host_is_refused",
                "test_anything_but_get_is_refused",
                "test_other_paths_are_not_there",
                "test_a_long_address_is_refused",
                "test_after_twenty_requests_it_stops_and_says_so",
            )
        },
    ),
    24: Rule(
        "the page is bare, kept by nobody, and takes the token out of the address bar",
        {
            _LOGIN: (
                "test_every_page_is_bare_and_kept_by_nobody",
                "test_the_good_redirect_is_told_and_leaves_the_address_bar",
            )
        },
    ),
    25: Rule("the page writes no log", {_LOGIN: ("test_nothing_is_logged",)}),
    26: Rule("nothing of a request is in a page", {_LOGIN: ("test_nothing_of_a_request_is_in_a_page",)}),
    27: Rule(
        "password, PIN and TOTP are typed on Kite's page and nowhere else",
        {
            _LOGIN: ("test_nobody_is_asked_for_a_password_a_pin_or_a_totp",),
            "secrets/test_scanner.py": ("test_no_flag_and_no_setting_turns_tls_off_or_takes_a_token",),
        },
    ),
    28: Rule(
        "what probes, Prometheus, messengers and a unit are told names nobody and holds no secret",
        {
            "health/test_metrics.py": ("test_no_label_says_who_or_what_is_followed",),
            "wiring/doors/test_probes.py": ("test_metrics_count_the_clients_of_the_relay",),
            "wiring/doors/test_herald.py": ("test_no_secret_is_carried_away",),
            "notices/test_outside.py": ("test_a_url_that_is_none_is_a_problem_that_does_not_show_it",),
            "notices/test_post.py": ("test_what_a_sink_raises_is_not_shown",),
            "wiring/systemd/test_unit.py": ("test_a_password_does_not_go_into_a_unit",),
        },
    ),
    29: Rule(
        "only its own user can ask a run how it is",
        {
            "health/test_answering.py": (
                "test_only_its_user_can_ask_it",
                "test_a_folder_that_others_may_enter_is_not_used",
            )
        },
    ),
    30: Rule(
        "the gateway serves this computer alone, unless a flag and a key that only its owner can read say otherwise",
        {
            "gateway/test_guard.py": (
                "test_others_are_served_with_a_flag_and_a_key_only",
                "test_a_key_that_others_may_read_is_refused",
                "test_the_key_is_in_no_repr",
            ),
            "gateway/test_relay.py": ("test_a_relay_key_is_asked_for_where_there_is_one",),
            "gateway/test_rest.py": ("test_the_relay_key_is_asked_for_where_there_is_one",),
            "gateway/test_page.py": ("test_the_page_asks_for_the_relay_key_where_there_is_one",),
        },
    ),
    31: Rule(
        "no page of another origin, and no name that is made to point here, gets past the gateway's door",
        {
            "gateway/test_relay.py": (
                "test_a_foreign_name_is_refused_before_the_upgrade",
                "test_a_page_of_another_origin_is_refused_before_the_upgrade",
            ),
            "gateway/test_rest.py": ("test_a_page_of_another_origin_reads_nothing",),
            "gateway/test_page.py": (
                "test_a_login_without_the_pages_nonce_is_not_begun",
                "test_a_login_from_another_page_is_not_begun",
                "test_the_policy_runs_the_scripts_of_this_answer_alone",
            ),
        },
    ),
    32: Rule(
        "what a client sends as access token is not looked at, and ours goes to no client and no page",
        {
            "gateway/test_relay.py": ("test_no_access_token_of_a_client_is_kept",),
            "wiring/doors/test_serve.py": ("test_no_secret_is_at_any_door",),
            "wiring/login/test_page.py": ("test_a_login_from_the_page_brings_the_feed_and_the_browser_back",),
        },
    ),
    33: Rule(
        "clients, pages, instruments, messages and idle time are bounded at the gateway",
        {
            "gateway/test_relay.py": (
                "test_a_client_too_many_is_turned_away",
                "test_more_than_three_thousand_instruments_are_refused_in_kites_words",
                "test_a_message_that_is_too_large_ends_the_connection",
                "test_one_that_subscribes_one_by_one_is_read_more_slowly_and_gets_all_of_it",
                "test_a_flood_of_pings_is_answered_no_faster_than_other_messages",
                "test_a_client_that_follows_nothing_is_sent_off_after_a_minute",
                "test_a_client_that_does_not_read_loses_no_last_value_and_is_sent_off_in_the_end",
            ),
            "gateway/test_rest.py": ("test_a_line_that_is_too_long_is_refused",),
            "gateway/test_page.py": ("test_only_so_many_pages_are_served_and_a_closed_one_makes_room",),
        },
    ),
}

# Active in every test, by `conftest.py`.
EVERYWHERE = {
    "conftest.py": ("pytest_runtest_makereport", "_no_secret_in_what_tests_read", "_no_secret_in_files"),
    "test_guards.py": ("test_a_misdeed_fails_its_test", "test_an_innocent_test_passes"),
}
