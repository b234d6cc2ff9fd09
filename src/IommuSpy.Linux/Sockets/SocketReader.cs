using System.Net;
using System.Text;
using System.Text.Unicode;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Sockets;

/// <summary>Reads sockets by their struct sock. Not safe to share between threads.</summary>
public sealed class SocketReader
{
    // struct sockaddr_un: the family, and up to 108 bytes of path.
    private const ulong FamilyBytes = 2;
    private const ulong MostUnixBytes = 110;
    private const ushort Stream = 1;
    private const int MostBuffers = 1 << 16;

    // sk_wmem_alloc counts one more, so that the socket lives as long as what it sends (sk_wmem_alloc_get).
    private const long SendMemoryOfNothing = 1;

    private readonly KernelObjects _objects;
    private readonly SocketFields _fields;

    /// <summary>Reads a kernel's.</summary>
    /// <exception cref="MissingTypeException">Nothing describes sockets.</exception>
    public SocketReader(KernelObjects objects)
    {
        _objects = objects;
        _fields = new(objects.Types);
    }

    /// <summary>Bytes from a struct sock to what links it in most tables.</summary>
    public ulong NodeOffset => _fields.Node.Offset;

    /// <summary>The struct sock of an open file; null for what is no socket.</summary>
    /// <param name="file">Where its struct file is.</param>
    public VirtualAddress? OfFile(VirtualAddress file) =>
        // A socket's file leads to the struct socket, which is in one object with the inode that the file leads to, too (net/socket.c, sock_alloc_file).
        _objects.Pointer(file, _fields.PrivateData) is VirtualAddress socket
        && _objects.Pointer(file, _fields.FileInode) == socket + _fields.InodeInside.Offset
        && _objects.Pointer(socket, _fields.Sock) is VirtualAddress sock && _objects.Pointer(sock, _fields.Inside) == socket
            ? sock : null;

    /// <summary>A socket; null where it cannot be read.</summary>
    /// <param name="address">Where its struct sock is, or an inet_timewait_sock or request_sock of the kernel's tables.</param>
    public KernelSocket? Read(VirtualAddress address)
    {
        if ((ushort?)_objects.Read(address, _fields.Family) is not ushort family || (byte?)_objects.Read(address, _fields.State) is not byte state)
        {
            return null;
        }

        VirtualAddress? space = _objects.Pointer(address, _fields.Namespace);
        KernelSocket common = new(address, family)
        {
            State = state,
            Interface = (int?)_objects.Read(address, _fields.Interface),
            Namespace = space is null ? null : (uint?)_objects.Read(space.Value, _fields.NamespaceNumber),
            NamespaceObject = space,
            ProtocolName = _objects.Pointer(address, _fields.Proto) is VirtualAddress proto ? _objects.Text(proto, _fields.ProtoName) : null,
        };
        if (family is KernelSocket.Inet or KernelSocket.Inet6)
        {
            common = common with
            {
                Local = Address(address, family, _fields.LocalAddress, _fields.LocalAddress6),
                Remote = Address(address, family, _fields.RemoteAddress, _fields.RemoteAddress6),
                LocalPort = (uint?)_objects.Read(address, _fields.LocalPort),
                RemotePort = BigEndian(_objects.Read(address, _fields.RemotePort)),
            };

            // Neither is a whole socket: what struct sock has behind sock_common is not there.
            if (state == KernelSocket.TimeWait)
            {
                return common with { Protocol = KernelSocket.Tcp, State = (byte?)_objects.Read(address, _fields.Substate) ?? state };
            }

            if (state == KernelSocket.Request)
            {
                return common with { Protocol = KernelSocket.Tcp };
            }
        }

        VirtualAddress? socket = _objects.Pointer(address, _fields.Inside);
        KernelSocket whole = common with
        {
            Type = (ushort?)_objects.Read(address, _fields.Type),
            Protocol = (ushort?)_objects.Read(address, _fields.Protocol),
            Inode = InodeOf(address),
            User = (uint?)_objects.Read(address, _fields.User),
            ReceiveMemory = (int?)_objects.Read(address, _fields.ReceiveMemory),
            SendMemory = SendMemory(address),
            Keeper = socket is null ? SocketKeeper.Nobody
                : _objects.Pointer(socket.Value, _fields.File) is null ? SocketKeeper.Kernel : SocketKeeper.File,
        };
        return family switch
        {
            KernelSocket.Inet or KernelSocket.Inet6 => Internet(whole),
            KernelSocket.Unix => OfUnix(whole),
            KernelSocket.Netlink => whole with
            {
                LocalPort = (uint?)_objects.Read(address, _fields.PortId),
                RemotePort = (uint?)_objects.Read(address, _fields.RemotePortId),
                ReceiveQueue = whole.ReceiveMemory,
                SendQueue = whole.SendMemory,
            },
            KernelSocket.Packet => whole with
            {
                Protocol = (ushort?)BigEndian(_objects.Read(address, _fields.PacketProtocol)),
                Interface = (int?)_objects.Read(address, _fields.PacketInterface),
                ReceiveQueue = whole.ReceiveMemory,
                SendQueue = whole.SendMemory,
            },
            _ => whole with { ReceiveQueue = whole.ReceiveMemory, SendQueue = whole.SendMemory },
        };
    }

    // As /proc/net/tcp and its kin count (net/ipv4/tcp_ipv4.c, get_tcp4_sock; net/ipv4/udp.c, udp4_format_sock).
    private KernelSocket Internet(KernelSocket socket)
    {
        VirtualAddress at = socket.Address;
        if (socket.Protocol == KernelSocket.Tcp && socket.Type == Stream)
        {
            return socket with
            {
                ReceiveQueue = socket.State == KernelSocket.Listen ? (int?)_objects.Read(at, _fields.Backlog)
                    : Difference(at, _fields.Received, _fields.Copied) is int unread ? Math.Max(unread, 0) : null,
                SendQueue = socket.State == KernelSocket.Listen ? 0 : Difference(at, _fields.Written, _fields.Acknowledged),
            };
        }

        // What was read and is not given back yet takes no place in the queue (udp_rqueue_get).
        long deficit = socket.Protocol == KernelSocket.Udp ? (int?)_objects.Read(at, _fields.ForwardDeficit) ?? 0 : 0;
        return socket with { ReceiveQueue = socket.ReceiveMemory - deficit, SendQueue = socket.SendMemory };
    }

    private KernelSocket OfUnix(KernelSocket socket)
    {
        VirtualAddress? peer = _objects.Pointer(socket.Address, _fields.UnixPeer);
        return socket with
        {
            Path = UnixPath(socket.Address),
            PeerInode = peer is null ? null : InodeOf(peer.Value),
            ReceiveQueue = _fields.ReceiveQueue is not { } queue ? null
                : socket.State == KernelSocket.Listen ? (long?)_objects.Read(socket.Address + queue.Offset, _fields.QueueLength)
                : Unread(socket.Address + queue.Offset, socket.Type == Stream),
            SendQueue = socket.SendMemory,
        };
    }

    // unix_inq_len: of a stream, parts of a buffer may have been read.
    private long? Unread(VirtualAddress queue, bool isStream)
    {
        // struct sk_buff and sk_buff_head begin with the links of a list.
        KernelList buffers = KernelList.Read(_objects, queue, 0, MostBuffers);
        if (buffers.Damage is not null)
        {
            return null;
        }

        long bytes = 0;
        foreach (VirtualAddress buffer in buffers.Elements)
        {
            if (_objects.Read(buffer, _fields.BufferBytes) is not ulong length)
            {
                return null;
            }

            ulong? read = isStream && _fields.BufferControl is { } control ? _objects.Read(buffer + control.Offset, _fields.Consumed) : 0;
            bytes += (long)length - (long)(read ?? 0);
        }

        return bytes;
    }

    private string? UnixPath(VirtualAddress sock)
    {
        if (_objects.Pointer(sock, _fields.UnixAddress) is not VirtualAddress address || _fields.UnixName is not { } name
            || _objects.Read(address, _fields.UnixLength) is not (ulong length and > FamilyBytes and <= MostUnixBytes))
        {
            return null;
        }

        byte[] path = new byte[length - FamilyBytes];
        if (_objects.Kernel.Space.Read(address + name.Offset + FamilyBytes, path) != path.Length)
        {
            return null;
        }

        // net/unix/af_unix.c, unix_seq_show: a name of the file system ends with a zero that is counted, and an abstract one begins with one.
        ReadOnlySpan<byte> shown = path[0] != 0 && path[^1] == 0 ? path.AsSpan(0, path.Length - 1) : path;
        string text = Utf8.IsValid(shown) ? Encoding.UTF8.GetString(shown) : Encoding.Latin1.GetString(shown);
        return text.Replace('\0', '@');
    }

    private ulong? InodeOf(VirtualAddress sock) => _objects.Pointer(sock, _fields.Inside) is VirtualAddress socket
        ? _objects.Read(socket + _fields.InodeInside.Offset, _fields.InodeNumber) : null;

    private long? SendMemory(VirtualAddress sock) => (int?)_objects.Read(sock, _fields.SendMemory) - SendMemoryOfNothing;

    private int? Difference(VirtualAddress at, Field? later, Field? earlier) =>
        unchecked((int?)((uint?)_objects.Read(at, later) - (uint?)_objects.Read(at, earlier)));

    private IPAddress? Address(VirtualAddress sock, ushort family, Field? four, Field? six)
    {
        if ((family == KernelSocket.Inet ? four : six) is not { } field)
        {
            return null;
        }

        byte[] bytes = new byte[family == KernelSocket.Inet ? 4 : 16];
        return _objects.Kernel.Space.Read(sock + field.Offset, bytes) == bytes.Length ? new(bytes) : null;
    }

    private static uint? BigEndian(ulong? port) => port is ulong value ? (uint)(((value & 0xff) << 8) | ((value >> 8) & 0xff)) : null;
}
