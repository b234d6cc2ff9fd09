using System.Globalization;
using IommuSpy.Analysis.Sockets;
using IommuSpy.Linux.Tasks;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Sockets.SocketRow>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The sockets of processes and of the kernel's tables.</summary>
internal sealed class SocketsTable() : Table<SocketRow>(
    "sockets",
    "Sockets: those that processes have open, and those of the kernel's own tables, which no process may have open.",
    Its.Text("kind", "tcp, tcp6, udp, udp6, raw, unix, netlink, packet; of other families, what the kernel calls the protocol.", row => row.Socket.Kind),
    Its.Text("type", "stream, dgram, raw, seqpacket; null for what is no whole socket: TIME_WAIT, SYN_RECV.", row => row.Socket.TypeText),
    Its.Text("state", "LISTEN, ESTABLISHED, TIME_WAIT: the kernel's names (include/net/tcp_states.h). UDP's are ESTABLISHED when connected, else CLOSE.",
        row => row.Socket.StateText),
    Its.Text("local", "The local address; of netlink the protocol (route), of packet sockets the packets that they take.",
        row => row.Socket.Local?.ToString() ?? row.Socket.ProtocolText),
    Its.Number("localPort", "The local port; of netlink, the socket's own number.", row => row.Socket.LocalPort),
    Its.Text("remote", "The remote address.", row => row.Socket.Remote?.ToString()),
    Its.Number("remotePort", "The remote port.", row => row.Socket.RemotePort),
    Its.Text("path", "The path of a UNIX socket, with @ for each zero of an abstract name.", row => row.Socket.Path),
    Its.Text("interface", "The interface that it is bound to.", row => row.Interface),
    Its.Number("inode", "The number of its inode, as in socket:[N]; null without one.", row => row.Socket.Inode),
    Its.Number("peerInode", "Of a UNIX socket, the inode at the other end.", row => row.Socket.PeerInode),
    Its.Number("uid", "The user.", row => row.Socket.User),
    Its.Integer("receiveQueue", "What nobody has read yet; where it listens, connections that wait to be accepted.", row => row.Socket.ReceiveQueue, "bytes"),
    Its.Integer("sendQueue", "What is not acknowledged, or not sent yet.", row => row.Socket.SendQueue, "bytes"),
    Its.Integer("receiveMemory", "Memory of what was received, with all that belongs to it (sk_rmem_alloc).", row => row.Socket.ReceiveMemory, "bytes"),
    Its.Integer("sendMemory", "Memory of what is to be sent (sk_wmem_alloc).", row => row.Socket.SendMemory, "bytes"),
    Its.Number("netns", "The number of its network namespace, as in net:[N].", row => row.Socket.Namespace),
    Its.Text("heldBy", "process: one has it open; file: it has a file that no process has open, as on its way in a message; kernel: the kernel uses it itself; "
        + "nobody: TIME_WAIT, not accepted yet, or closed before all was sent.", row => Words<HeldBy>.Of(row.HeldBy)),
    Its.Integer("pid", "The first process that has it open.", row => row.Holders.Count > 0 ? row.Holders[0].Process.Pid : null),
    Its.Text("comm", "Its name.", row => row.Holders.Count > 0 ? row.Holders[0].Process.Comm : null),
    Its.Integer("descriptor", "Its number there.", row => row.Holders.Count > 0 ? row.Holders[0].Descriptor : null),
    Its.Texts("holders", "Every process and descriptor: 173/4.", row => [.. row.Holders.Select(holder => holder.ToString())]),
    Its.Flag("listed", "Whether a table of the kernel's own has it.", row => row.IsListed),
    Its.Address("socket", "Where its struct sock is, or the inet_timewait_sock or request_sock that stands for one.", row => row.Socket.Address.Value))
{
    private const int ShownHolders = 2;

    /// <summary>Only those of one process.</summary>
    public static Filter<KernelTask> Process { get; } = new("pid", "Only sockets that one process has open.", (machine, text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? machine?.Parts.Tasks.Required.Find(pid) : null);

    // By column alone: pid names the first of those that have it open, and the filter any of them.
    /// <inheritdoc/>
    public override void Rows(Question question, Action<SocketRow> receive) =>
        question.Tell(SocketList.Read(question.Machine, question.Find(Process), receive));

    /// <inheritdoc/>
    public override RowWriter<SocketRow> Text(TextForm form, Question question) => new AlignedText<SocketRow>(form,
    [
        new("kind", row => row.Socket.Kind),
        new("type", row => row.Socket.TypeText ?? "-"),
        new("state", row => row.Socket.StateText ?? "-"),
        new("recv-q", row => Number(row.Socket.ReceiveQueue), Right: true),
        new("send-q", row => Number(row.Socket.SendQueue), Right: true),
        new("local", row => $"{row.Socket.LocalText ?? "-"}{(row.Interface is string name ? $"%{name}" : "")}"),
        new("remote", row => row.Socket.RemoteText ?? "-"),
        new("inode", row => row.Socket.Inode?.ToString(CultureInfo.InvariantCulture) ?? "-", Right: true),
        new("held by", Holders),
    ]);

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static string Holders(SocketRow row) => row.HeldBy switch
    {
        HeldBy.Process => string.Join(' ', row.Holders.Take(ShownHolders).Select(holder => $"{holder.Process.Comm ?? "?"}:{holder}"))
            + (row.Holders.Count > ShownHolders ? string.Create(CultureInfo.InvariantCulture, $" and {row.Holders.Count - ShownHolders} more") : ""),
        HeldBy.File => "a file of no process",
        HeldBy.Kernel => "the kernel",
        _ => "nobody",
    };
}
