using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Sockets;

/// <summary>
/// What is read of sockets (include/net/sock.h): struct sock_common, which whole sockets, those in TIME_WAIT and requests for a connection begin with; struct
/// sock; and what each protocol has behind it.
/// </summary>
internal sealed class SocketFields(KernelTypes types)
{
    // What no socket can be told without.
    public Field Family { get; } = types.Struct("sock_common").Field("skc_family");

    public Field State { get; } = types.Struct("sock_common").Field("skc_state");

    public Field Node { get; } = types.Struct("sock_common").Field("skc_node");

    public Field Inside { get; } = types.Struct("sock").Field("sk_socket");

    public Field InodeInside { get; } = types.Struct("socket_alloc").Field("vfs_inode");

    public Field Sock { get; } = types.Struct("socket").Field("sk");

    public Field? File { get; } = types.FindField("socket", "file");

    public Field? PrivateData { get; } = types.FindField("file", "private_data");

    public Field? FileInode { get; } = types.FindField("file", "f_inode");

    public Field? InodeNumber { get; } = types.FindField("inode", "i_ino");

    public Field? RemoteAddress { get; } = types.FindField("sock_common", "skc_daddr");

    public Field? LocalAddress { get; } = types.FindField("sock_common", "skc_rcv_saddr");

    public Field? RemotePort { get; } = types.FindField("sock_common", "skc_dport");

    public Field? LocalPort { get; } = types.FindField("sock_common", "skc_num");

    public Field? RemoteAddress6 { get; } = types.FindField("sock_common", "skc_v6_daddr");

    public Field? LocalAddress6 { get; } = types.FindField("sock_common", "skc_v6_rcv_saddr");

    public Field? Interface { get; } = types.FindField("sock_common", "skc_bound_dev_if");

    public Field? Namespace { get; } = types.FindField("sock_common", "skc_net.net");

    public Field? Proto { get; } = types.FindField("sock_common", "skc_prot");

    public Field? ProtoName { get; } = types.FindField("proto", "name");

    public Field? Type { get; } = types.FindField("sock", "sk_type");

    public Field? Protocol { get; } = types.FindField("sock", "sk_protocol");

    public Field? User { get; } = types.FindField("sock", "sk_uid");

    public Field? ReceiveMemory { get; } = types.FindField("sock", "sk_backlog.rmem_alloc");

    public Field? SendMemory { get; } = types.FindField("sock", "sk_wmem_alloc");

    public Field? ReceiveQueue { get; } = types.FindField("sock", "sk_receive_queue");

    public Field? QueueLength { get; } = types.FindField("sk_buff_head", "qlen");

    public Field? Backlog { get; } = types.FindField("sock", "sk_ack_backlog");

    public Field? BufferBytes { get; } = types.FindField("sk_buff", "len");

    public Field? BufferControl { get; } = types.FindField("sk_buff", "cb");

    public Field? Consumed { get; } = types.FindField("unix_skb_parms", "consumed");

    public Field? Received { get; } = types.FindField("tcp_sock", "rcv_nxt");

    public Field? Copied { get; } = types.FindField("tcp_sock", "copied_seq");

    public Field? Written { get; } = types.FindField("tcp_sock", "write_seq");

    public Field? Acknowledged { get; } = types.FindField("tcp_sock", "snd_una");

    public Field? Substate { get; } = types.FindField("inet_timewait_sock", "tw_substate");

    public Field? ForwardDeficit { get; } = types.FindField("udp_sock", "forward_deficit");

    public Field? UnixAddress { get; } = types.FindField("unix_sock", "addr");

    public Field? UnixPeer { get; } = types.FindField("unix_sock", "peer");

    public Field? UnixLength { get; } = types.FindField("unix_address", "len");

    public Field? UnixName { get; } = types.FindField("unix_address", "name");

    public Field? PortId { get; } = types.FindField("netlink_sock", "portid");

    public Field? RemotePortId { get; } = types.FindField("netlink_sock", "dst_portid");

    public Field? PacketInterface { get; } = types.FindField("packet_sock", "ifindex");

    public Field? PacketProtocol { get; } = types.FindField("packet_sock", "num");

    public Field? NamespaceNumber { get; } = types.FindField("net", "ns.inum");
}
