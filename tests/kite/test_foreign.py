"""Whose answer is it: Kite's, or that of a proxy on the way?"""

from __future__ import annotations

import pytest

from kitefeed_cli.kite.foreign import in_words, proxy_of


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({}, ""),
        ({"server": "cloudflare", "cf-ray": "1"}, ""),
        ({"via": "1.1 0a1b.cloudfront.net (CloudFront)"}, ""),
        ({"server": "awselb/2.0"}, ""),
        ({"server": "squid/5.7", "via": "1.1 office.example (squid/5.7)"}, "squid/5.7"),
        ({"server": "Zscaler/6.2"}, "Zscaler/6.2"),
        ({"via": "1.1 gate"}, "gate"),
        ({"proxy-authenticate": "Basic", "server": "nginx"}, "nginx"),
        ({"x-squid-error": "ERR_ACCESS_DENIED 0"}, "unnamed"),
        ({"via": f"1.1 {'long' * 40}"}, "long" * 10),
    ],
)
def test_a_proxy_is_known_by_how_it_signs(headers: dict[str, str], name: str) -> None:
    assert name == proxy_of(headers)


def test_a_strangers_name_stays_on_its_line() -> None:
    assert "\n" not in proxy_of({"via": "1.1 evil\nerror: all is lost"})


def test_the_remark_is_made_only_where_there_is_a_proxy() -> None:
    assert ["403 Forbidden", "403 Forbidden, a proxy's own answer (squid/5.7)"] == [
        in_words("403 Forbidden", ""),
        in_words("403 Forbidden", "squid/5.7"),
    ]
