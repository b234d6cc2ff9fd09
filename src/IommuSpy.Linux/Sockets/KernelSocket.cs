using System.Globalization;
using System.Net;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Sockets;

/// <summary>A socket (include/net/sock.h). Null is a stated absence.</summary>
/// <param name="Address">Where its struct sock is, or what stands for one: an inet_timewait_sock, a request_sock.</param>
/// <param name="Family">AF_INET and so on (include/linux/socket.h).</param>
public sealed record KernelSocket(VirtualAddress Address, ushort Family)
{
    /// <summary>AF_UNIX.</summary>
    public const ushort Unix = 1;

    /// <summary>AF_INET.</summary>
    public const ushort Inet = 2;

    /// <summary>AF_INET6.</summary>
    public const ushort Inet6 = 10;

    /// <summary>AF_NETLINK.</summary>
    public const ushort Netlink = 16;

    /// <summary>AF_PACKET.</summary>
    public const ushort Packet = 17;

    /// <summary>IPPROTO_TCP.</summary>
    public const ushort Tcp = 6;

    /// <summary>IPPROTO_UDP.</summary>
    public const ushort Udp = 17;

    /// <summary>TCP_TIME_WAIT.</summary>
    public const byte TimeWait = 6;

    /// <summary>TCP_LISTEN.</summary>
    public const byte Listen = 10;

    /// <summary>TCP_NEW_SYN_RECV: a request for a connection that is not one yet.</summary>
    public const byte Request = 12;

    private const ushort Icmp = 1;
    private const ushort Icmp6 = 58;
    private const ushort UdpLite = 136;
    private const ushort Raw = 3;

    // include/net/tcp_states.h; sockets of other protocols that have two ends use them, too. /proc shows a request for a connection as SYN_RECV.
    private static readonly string[] States =
    [
        "", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "SYN_RECV",
        "BOUND_INACTIVE",
    ];

    // include/uapi/linux/netlink.h.
    private static readonly string?[] NetlinkNames =
    [
        "route", null, "usersock", "firewall", "sock_diag", "nflog", "xfrm", "selinux", "iscsi", "audit", "fib_lookup", "connector", "netfilter", "ip6_fw",
        "dnrtmsg", "kobject_uevent", "generic", null, "scsitransport", "ecryptfs", "rdma", "crypto", "smc",
    ];

    /// <summary>SOCK_STREAM and so on.</summary>
    public ushort? Type { get; init; }

    /// <summary>The protocol's number in its family: IPPROTO_TCP, NETLINK_ROUTE, of packet sockets the Ethernet type.</summary>
    public ushort? Protocol { get; init; }

    /// <summary>What the kernel calls the protocol (struct proto): "TCP", "UNIX-STREAM".</summary>
    public string? ProtocolName { get; init; }

    /// <summary>TCP_ESTABLISHED and so on.</summary>
    public byte? State { get; init; }

    /// <summary>The local address; null for a family without.</summary>
    public IPAddress? Local { get; init; }

    /// <summary>The remote address; null for a family without.</summary>
    public IPAddress? Remote { get; init; }

    /// <summary>The local port, or a netlink socket's own port number.</summary>
    public uint? LocalPort { get; init; }

    /// <summary>The remote port.</summary>
    public uint? RemotePort { get; init; }

    /// <summary>The path of a UNIX socket; @ stands for each zero of an abstract name, as in /proc/net/unix.</summary>
    public string? Path { get; init; }

    /// <summary>The number of the interface that it is bound to; 0 for none.</summary>
    public int? Interface { get; init; }

    /// <summary>The number of its inode, that of "socket:[N]"; null for one without.</summary>
    public ulong? Inode { get; init; }

    /// <summary>Of a UNIX socket, the number of the inode at the other end.</summary>
    public ulong? PeerInode { get; init; }

    /// <summary>Whose it is: a number of the initial user namespace; null for what is no whole socket.</summary>
    public uint? User { get; init; }

    /// <summary>Bytes that nobody has read yet; of a socket that listens, connections that wait to be accepted.</summary>
    public long? ReceiveQueue { get; init; }

    /// <summary>Bytes that have not been acknowledged, or not been sent yet.</summary>
    public long? SendQueue { get; init; }

    /// <summary>Bytes of memory that what was received takes (sk_rmem_alloc).</summary>
    public long? ReceiveMemory { get; init; }

    /// <summary>Bytes of memory that what is to be sent takes (sk_wmem_alloc).</summary>
    public long? SendMemory { get; init; }

    /// <summary>The number of its network namespace, that of "net:[N]".</summary>
    public uint? Namespace { get; init; }

    /// <summary>Where the network namespace is.</summary>
    public VirtualAddress? NamespaceObject { get; init; }

    /// <summary>What it hangs on to.</summary>
    public SocketKeeper Keeper { get; init; }

    /// <summary>
    /// As the files of /proc/net are called: "tcp", "tcp6", "udp", "raw", "unix", "netlink", "packet"; else what the kernel calls the protocol.
    /// </summary>
    public string Kind => Family switch
    {
        Inet => InternetKind,
        Inet6 => $"{InternetKind}6",
        Unix => "unix",
        Netlink => "netlink",
        Packet => "packet",
        _ => ProtocolName is { Length: > 0 } name ? name.ToLowerInvariant() : string.Create(CultureInfo.InvariantCulture, $"family {Family}"),
    };

    /// <summary>"stream", "dgram", "raw", "seqpacket"; null where it is not known.</summary>
    public string? TypeText => Type switch
    {
        1 => "stream",
        2 => "dgram",
        Raw => "raw",
        4 => "rdm",
        5 => "seqpacket",
        6 => "dccp",
        10 => "packet",
        _ => null,
    };

    /// <summary>"ESTABLISHED", "LISTEN"; the names of include/net/tcp_states.h.</summary>
    public string? StateText => State is byte state && state < States.Length && States[state].Length > 0 ? States[state] : null;

    /// <summary>Of a netlink socket, the name of its protocol: "route"; of a packet socket, which packets it takes: "0x0003".</summary>
    public string? ProtocolText => Family switch
    {
        Netlink when Protocol is ushort number =>
            (number < NetlinkNames.Length ? NetlinkNames[number] : null) ?? number.ToString(CultureInfo.InvariantCulture),
        Packet => Protocol is ushort type ? $"0x{type:x4}" : null,
        _ => null,
    };

    private string InternetKind => (Type, Protocol) switch
    {
        (Raw, _) => "raw",
        (_, Tcp) => "tcp",
        (_, Udp) => "udp",
        (_, UdpLite) => "udplite",
        (_, Icmp or Icmp6) => "icmp",
        _ => ProtocolName is { Length: > 0 } name ? name.ToLowerInvariant().TrimEnd('6').TrimEnd('v') : "inet",
    };

    /// <summary>Its ends in a line: "tcp 10.0.2.15:22 -> 10.0.2.2:50514 ESTABLISHED", "unix stream /run/log LISTEN", "netlink route:1234".</summary>
    public override string ToString() => string.Join(' ', new[]
    {
        Kind, Family == Unix ? TypeText : null, LocalText, RemoteText is string remote ? $"-> {remote}" : null,
        Family is Inet or Inet6 && Protocol != Tcp ? null : StateText,
    }.Where(text => text is { Length: > 0 }));

    /// <summary>The local end in a word.</summary>
    public string? LocalText => Family switch
    {
        Inet or Inet6 => End(Local, LocalPort),
        Unix => Path,
        Netlink => string.Create(CultureInfo.InvariantCulture, $"{ProtocolText}:{LocalPort}"),
        Packet => ProtocolText,
        _ => null,
    };

    /// <summary>The remote end in a word; null for one that has none.</summary>
    public string? RemoteText => Family switch
    {
        Inet or Inet6 => RemotePort is null or 0 && IsAny(Remote) ? null : End(Remote, RemotePort),
        Unix => PeerInode is ulong inode and not 0 ? string.Create(CultureInfo.InvariantCulture, $"socket:[{inode}]") : null,
        Netlink => RemotePort is uint port and not 0 ? port.ToString(CultureInfo.InvariantCulture) : null,
        _ => null,
    };

    private static bool IsAny(IPAddress? address) => address is null || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static string? End(IPAddress? address, uint? port) => address is null ? null
        : string.Create(CultureInfo.InvariantCulture,
            $"{(address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString())}:"
                + $"{(port is uint number and not 0 ? number.ToString(CultureInfo.InvariantCulture) : "*")}");
}
