"""Addresses that an event may go to."""

import pytest

from recado.addresses import refusal


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("169.254.0.1", "link-local"),
        ("169.254.169.254", "link-local"),
        ("169.254.255.255", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("febf:ffff::1", "link-local"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("ff02::1", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("::ffff:169.254.169.254", "link-local"),
        ("::ffff:0.0.0.0", "unspecified"),
        ("::ffff:224.0.0.1", "multicast"),
        ("::169.254.169.254", "link-local"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("2002:a9fe:a9fe::1", "link-local"),
        ("2001:0:0:0:0:0:5601:5601", "link-local"),  # Teredo holds the address inverted
        ("fd00:ec2::254", "a cloud's metadata service"),
        ("100.100.100.200", "a cloud's metadata service"),
        ("168.63.129.16", "a cloud's metadata service"),
        ("64:ff9b:1::a9fe:a9fe", "link-local"),
    ],
)
def test_refused(address: str, why: str) -> None:
    assert refusal(address) == why


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "::1", "10.96.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "fd00::1", "::ffff:10.0.0.1"),
        *("93.184.216.34", "2606:2800:220:1::1", "169.253.255.255", "169.255.0.1", "223.255.255.255", "fec0::1"),
        *("64:ff9b::808:808", "2002:808:808::1"),
    ],
)
def test_allowed(address: str) -> None:
    assert refusal(address) is None


def test_a_name_is_no_address() -> None:
    with pytest.raises(ValueError, match="localhost"):
        refusal("localhost")
