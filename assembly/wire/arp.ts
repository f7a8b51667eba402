// ARP for IPv4 over Ethernet (RFC 826): 28 bytes behind the Ethernet header.

export const ARP_BYTES: u32 = 28;
