"""Decides to which addresses recado sends requests, if their URLs come from a configuration file."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: IPv6 networks whose addresses contain the IPv4 address of the final destination, and the number of bits below it.
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.IPv6Network("::/96")
#: Clouds provide a machine's credentials at these addresses, and at 169.254.169.254, which is link-local.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
    )
)


def refusal(address: str) -> str | None:
    """Why recado sends nothing to an IP address; None if it may. Raises ValueError if it is not an IP address.

    Private and loopback addresses are allowed: a receiver is often a Service of the same cluster.
    """
    for one in _meant(ipaddress.ip_address(address.partition("%")[0])):
        if one in _METADATA:
            return "a cloud's metadata service"
        if one.is_unspecified or (one.version == 4 and one.packed[0] == 0):
            return "unspecified"
        if one.is_link_local:
            return "link-local"
        if one.is_multicast:
            return "multicast"
        if one.version == 4 and one.is_reserved:  # 240/4, broadcast
            return "reserved"
    return None


def check_literal(host: str) -> None:
    """Raises ValueError if a host is an address that recado does not send to. Names are checked when they are used.
    Digits alone count as a name, because Apprise has ids of Telegram and Discord in place of a host."""
    if (":" in host or ("." in host and host.replace(".", "").isdecimal())) and (why := refusal(host)):
        raise ValueError(f"{host} is refused: {why}")


def _meant(address: Address) -> tuple[Address, ...]:
    """The address, and the IPv4 address in it, if there is one."""
    if address.version == 4:
        return (address,)
    inner = address.ipv4_mapped or address.sixtofour
    if address.teredo:
        inner = address.teredo[1]
    elif any(address in network for network in _NAT64) or (address in _COMPATIBLE and int(address) > 1):
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return (address, inner) if inner else (address,)
