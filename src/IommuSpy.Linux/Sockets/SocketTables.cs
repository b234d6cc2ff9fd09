using System.Buffers.Binary;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Sockets;

/// <summary>
/// The tables in which the kernel's protocols look their sockets up, whoever holds them: TCP's established and listening ones, UDP's, raw ones, UNIX, netlink
/// and packet sockets. Since 6.0 UNIX sockets, and on request since 6.1 and 6.2 those of TCP and UDP, have a table a network namespace.
/// </summary>
public sealed class SocketTables
{
    private const int ChunkBytes = 1 << 16;
    private const ulong MostBucketBytes = 1 << 10;

    // include/uapi/linux/netlink.h, MAX_LINKS.
    private const ulong NetlinkProtocols = 32;

    // include/net/af_unix.h, UNIX_HASH_SIZE, where no symbol tells.
    private const ulong UnixBuckets = 512;
    private const ulong LockBit = 1;
    private const int MostTablesOfOneHash = 2;
    private const int MostDamage = 2;

    private readonly KernelObjects _objects;
    private readonly KernelTypes _types;
    private readonly Field _family;
    private readonly ulong _node;
    private readonly Action<VirtualAddress> _receive;
    private readonly List<string> _problems = [];
    private readonly List<string> _unknown = [];
    private readonly IReadOnlyList<VirtualAddress> _namespaces;
    private readonly HashSet<VirtualAddress> _read = [];
    private WorkAllowance _allowance;

    private SocketTables(KernelObjects objects, Action<VirtualAddress> receive)
    {
        _objects = objects;
        _types = objects.Types;
        _receive = receive;
        _family = _types.Struct("sock_common").Field("skc_family");
        _node = _types.Struct("sock_common").Field("skc_node").Offset;
        _allowance = new(objects.Kernel.Memory.Budget, Work.Steps, KernelList.MaxElements);
        _namespaces = Namespaces();
    }

    /// <summary>Hands over each socket of the tables, as often as it stands in one.</summary>
    /// <param name="objects">Reads the kernel's memory.</param>
    /// <param name="receive">Takes where the struct sock is, or what stands for one.</param>
    /// <returns>What is missing, a line each.</returns>
    /// <exception cref="MissingTypeException">Nothing describes sockets.</exception>
    public static IReadOnlyList<string> Visit(KernelObjects objects, Action<VirtualAddress> receive)
    {
        SocketTables tables = new(objects, receive);
        tables.Tcp();
        tables.Udp();
        tables.Arrays("raw", "raw_hashinfo", "ht", "raw_v4_hashinfo", "raw_v6_hashinfo");
        tables.Arrays("ping", "ping_table", "hash", "ping_table");
        tables.Unix();
        tables.Netlink();
        tables.Packet();
        tables._allowance.Finish();
        return tables._unknown.Count == 0 ? tables._problems :
        [
            .. tables._problems,
            $"not found: the kernel's tables of {string.Join(", ", tables._unknown)} sockets: those that no process has open may be missing",
        ];
    }

    private IReadOnlyList<VirtualAddress> Namespaces()
    {
        if (_objects.Variable("net_namespace_list") is VirtualAddress head && _types.FindField("net", "list") is { } link)
        {
            KernelList list = KernelList.Read(_objects, head, link.Offset);
            _problems.AddRange(list.Damage is string damage ? [$"the list of network namespaces: {damage}"] : []);
            return list.Elements;
        }

        return _objects.Variable("init_net") is VirtualAddress first ? [first] : [];
    }

    private void Tcp()
    {
        Field? own = _types.FindField("net", "ipv4.tcp_death_row.hashinfo");
        VirtualAddress[] tables = [.. Distinct(_objects.Variable("tcp_hashinfo"), _namespaces.Select(net => _objects.Pointer(net, own)))];
        StructType? info = _types.FindStruct("inet_hashinfo");
        if (tables.Length == 0 || info is null)
        {
            _unknown.Add("tcp");
            return;
        }

        StructType? listening = _types.FindStruct("inet_listen_hashbucket");
        StructType? established = _types.FindStruct("inet_ehash_bucket");
        foreach (VirtualAddress table in tables)
        {
            // Before 5.19 those that listen are in a table by port alone, too, by the same link as the others.
            if (listening?.Find("nulls_head", "head") is not { } listeners)
            {
                _problems.Add("nothing describes where TCP keeps the sockets that listen");
            }
            else if (info.Find("listening_hash") is { Type: ArrayType { Count: > 0 } array } inside)
            {
                Buckets("TCP's sockets that listen", table + inside.Offset, array.Count, listening.Bytes, listeners.Offset, IsInternet);
            }
            else
            {
                Pointed("TCP's sockets that listen", table, info.Find("lhash2"), info.Find("lhash2_mask"), listening, listeners);
            }

            Pointed("TCP's connections", table, info.Find("ehash"), info.Find("ehash_mask"), established, established?.Find("chain"));
        }
    }

    private void Udp()
    {
        Field? own = _types.FindField("net", "ipv4.udp_table");
        VirtualAddress[] tables = [.. Distinct(_objects.Variable("udp_table"), _namespaces.Select(net => _objects.Pointer(net, own))),
            .. Distinct(_objects.Variable("udplite_table"), [])];
        StructType? slot = _types.FindStruct("udp_hslot");
        if (tables.Length == 0 || _types.FindStruct("udp_table") is not { } table)
        {
            _unknown.Add("udp");
            return;
        }

        foreach (VirtualAddress at in tables)
        {
            Pointed("UDP's sockets", at, table.Find("hash"), table.Find("mask"), slot, slot?.Find("head"));
        }
    }

    // Tables that are arrays of lists in one variable.
    private void Arrays(string kind, string tag, string member, params string[] variables)
    {
        VirtualAddress[] tables = [.. variables.Select(_objects.Variable).OfType<VirtualAddress>()];
        if (tables.Length == 0 || _types.FindStruct(tag)?.Find(member) is not { Type: ArrayType { Count: > 0 } array } field)
        {
            _unknown.Add(kind);
            return;
        }

        foreach (VirtualAddress table in tables)
        {
            Buckets($"{kind} sockets", table + field.Offset, array.Count, array.Element.Bytes, 0, IsInternet);
        }
    }

    private void Unix()
    {
        if (_objects.Variable("unix_socket_table") is VirtualAddress one)
        {
            Buckets("UNIX sockets", one, WordsOf("unix_socket_table") ?? UnixBuckets, sizeof(ulong), 0, family => family == KernelSocket.Unix);
        }
        else if (_types.FindField("net", "unx.table.buckets") is { } own)
        {
            // The table of those bound to inodes has half as many.
            ulong buckets = WordsOf("bsd_socket_buckets") * 2 ?? UnixBuckets;
            foreach (VirtualAddress table in _namespaces.Select(net => _objects.Pointer(net, own)).OfType<VirtualAddress>())
            {
                Buckets("UNIX sockets", table, buckets, sizeof(ulong), 0, family => family == KernelSocket.Unix);
            }
        }
        else
        {
            _unknown.Add("unix");
        }
    }

    // A power of two; what follows it begins at the next address that suits that.
    private ulong? WordsOf(string variable) =>
        _objects.Variable(variable) is VirtualAddress at && _objects.Kernel.Kallsyms?.Symbols.At(at) is { Size: >= sizeof(ulong) } symbol
            ? 1UL << System.Numerics.BitOperations.Log2(symbol.Size / sizeof(ulong)) : null;

    private void Netlink()
    {
        if (_objects.Variable("nl_table") is not VirtualAddress variable || _objects.Pointer(variable) is not VirtualAddress tables
            || _types.FindStruct("netlink_table") is not { } table || table.Find("hash.tbl") is not { } first
            || _types.FindStruct("bucket_table") is not { } buckets || buckets.Find("size") is not { } size || buckets.Find("buckets") is not { } inside
            || _types.FindField("netlink_sock", "node") is not { } node)
        {
            _unknown.Add("netlink");
            return;
        }

        for (ulong protocol = 0; protocol < NetlinkProtocols; protocol++)
        {
            // A table that grows has a larger one behind it, into which it moves.
            VirtualAddress? at = _objects.Pointer(tables + (protocol * table.Bytes), first);
            for (int i = 0; i < MostTablesOfOneHash && at is VirtualAddress hash; i++)
            {
                if (_objects.Read(hash, buckets.Find("nest")) is not 0UL || _objects.Read(hash, size) is not ulong count)
                {
                    _problems.Add($"netlink sockets: the table at {hash} cannot be read, or is one of tables");
                    break;
                }

                Chains(hash + inside.Offset, count, node.Offset);
                at = _objects.Pointer(hash, buckets.Find("future_tbl"));
            }
        }
    }

    private void Packet()
    {
        if (_types.FindField("net", "packet.sklist") is not { } list)
        {
            // The kernel has none, or the module that has them is not loaded.
            return;
        }

        foreach (VirtualAddress net in _namespaces)
        {
            Buckets("packet sockets", net + list.Offset, 1, sizeof(ulong), 0, family => family == KernelSocket.Packet);
        }
    }

    private void Pointed(string what, VirtualAddress table, Field? buckets, Field? mask, StructType? bucket, Field? head)
    {
        if (_objects.Pointer(table, buckets) is not VirtualAddress first || _objects.Read(table, mask) is not ulong last || bucket is null || head is null)
        {
            _problems.Add($"{what}: the table at {table} cannot be read");
            return;
        }

        Buckets(what, first, last + 1, bucket.Bytes, head.Offset, IsInternet);
    }

    private void Buckets(string what, VirtualAddress first, ulong count, ulong stride, ulong headAt, Func<ulong, bool> isOne)
    {
        // Several namespaces may share one.
        if (!_read.Add(first))
        {
            return;
        }

        if (stride < headAt + sizeof(ulong) || stride > MostBucketBytes)
        {
            _problems.Add($"{what}: a bucket of {stride} bytes is none");
            return;
        }

        DamageLines damage = new(MostDamage);
        byte[] chunk = new byte[(int)(ChunkBytes / stride * stride)];
        for (ulong done = 0; done < count;)
        {
            int wanted = (int)Math.Min((ulong)chunk.Length / stride, count - done);
            VirtualAddress start = first + (done * stride);
            if (!_allowance.TryUse())
            {
                damage.Add($"{count - done} of {count} buckets, from {start} on, are not read");
                break;
            }

            int read = _objects.Kernel.Space.Read(start, chunk.AsSpan(0, wanted * (int)stride)) / (int)stride;
            if (read < wanted)
            {
                damage.Add($"{wanted - read} of {count} buckets, from {start + ((ulong)read * stride)} on, cannot be read");
            }

            for (int i = 0; i < read; i++)
            {
                ulong pointer = BinaryPrimitives.ReadUInt64LittleEndian(chunk.AsSpan((int)((ulong)i * stride + headAt)));
                if (pointer == 0 || (pointer & 1) != 0)
                {
                    continue;
                }

                if (!_allowance.TryUse())
                {
                    damage.Add($"bucket {done + (ulong)i} of {count} is not read: too much was read before it");
                    break;
                }

                HashList bucket = HashList.ReadNulls(_objects, start + ((ulong)i * stride) + headAt, _node);
                foreach (VirtualAddress element in bucket.Elements)
                {
                    Take(element, isOne, damage);
                }

                if (bucket.Damage is not null)
                {
                    damage.Add(bucket.Damage);
                }
            }

            done += (ulong)wanted;
        }

        Tell(what, damage);
    }

    private void Tell(string what, DamageLines damage) => _problems.AddRange(damage.All.Select(line => $"{what}: {line}"));

    // include/linux/rhashtable.h: a node is a pointer to the next; the last one is odd. Nothing leads back.
    private void Chains(VirtualAddress buckets, ulong count, ulong nodeAt)
    {
        DamageLines damage = new(MostDamage);
        HashSet<ulong> seen = [];
        for (ulong i = 0; i < count; i++)
        {
            if (!_allowance.TryUse() || _objects.Word(buckets + (i * sizeof(ulong))) is not ulong pointer)
            {
                damage.Add($"{count - i} of {count} buckets at {buckets} are not read");
                break;
            }

            pointer &= ~LockBit;
            while (pointer != 0 && (pointer & 1) == 0)
            {
                if (!seen.Add(pointer) || !_allowance.TryUse() || _objects.Word(new(pointer)) is not ulong next)
                {
                    damage.Add($"the chain at {new VirtualAddress(pointer)} runs in a circle, is too long, or cannot be read");
                    break;
                }

                Take(new(unchecked(pointer - nodeAt)), family => family == KernelSocket.Netlink, damage);
                pointer = next;
            }
        }

        Tell("netlink sockets", damage);
    }

    private void Take(VirtualAddress element, Func<ulong, bool> isOne, DamageLines damage)
    {
        if (_objects.Read(element, _family) is ulong family && isOne(family))
        {
            _receive(element);
        }
        else
        {
            damage.Add($"what is linked at {element} is no socket of the table's");
        }
    }

    private static IEnumerable<VirtualAddress> Distinct(VirtualAddress? one, IEnumerable<VirtualAddress?> others) =>
        new[] { one }.Concat(others).OfType<VirtualAddress>().Distinct();

    private static bool IsInternet(ulong family) => family is KernelSocket.Inet or KernelSocket.Inet6;
}
