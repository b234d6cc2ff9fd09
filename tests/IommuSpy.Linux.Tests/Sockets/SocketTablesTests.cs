using System.Runtime.InteropServices;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Sockets;
using IommuSpy.Linux.Tests.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Sockets;

/// <summary>Tables of sockets that an image makes as large as it likes.</summary>
public sealed class SocketTablesTests : IDisposable
{
    private const int Buckets = 100_000;
    private const ulong Nowhere = 0xdead_beef_0000;

    private readonly ObjectMachine _machine = new("tcp_hashinfo", "nl_table");

    private static readonly TestTypes Types = new(
        TestTypes.Struct("sock_common", 64, ("skc_family", 16, TestTypes.Half), ("skc_node", 24, TestTypes.ListHead)),
        TestTypes.Struct("inet_hashinfo", 16, ("ehash", 0, TestTypes.Pointer), ("ehash_mask", 8, TestTypes.Half)),
        TestTypes.Struct("inet_ehash_bucket", 8, ("chain", 0, TestTypes.Word)),
        TestTypes.Struct("netlink_table", 8, ("hash", 0, TestTypes.Struct("rhashtable", 8, ("tbl", 0, TestTypes.Pointer)))),
        TestTypes.Struct("bucket_table", 64, ("size", 0, TestTypes.Half), ("nest", 4, TestTypes.Half), ("buckets", 64, TestTypes.Word)),
        TestTypes.Struct("netlink_sock", 64, ("node", 32, TestTypes.Word)));

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_table_that_is_wrong_everywhere_is_told_in_a_few_lines()
    {
        ulong[] wild = [.. Enumerable.Range(0, Buckets).Select(_ => Nowhere)];
        VirtualAddress connections = _machine.Take(Buckets * sizeof(ulong));
        _machine.Bytes(connections, MemoryMarshal.AsBytes<ulong>(wild));
        _machine.Word(_machine.Symbol("tcp_hashinfo"), connections.Value);
        _machine.Half(_machine.Symbol("tcp_hashinfo") + 8, Buckets - 1);

        VirtualAddress chains = _machine.Take(64 + (Buckets * sizeof(ulong)));
        _machine.Half(chains, Buckets);
        _machine.Bytes(chains + 64, MemoryMarshal.AsBytes<ulong>(wild));
        VirtualAddress tables = _machine.Take(32 * sizeof(ulong));
        _machine.Word(tables, chains.Value);
        _machine.Word(_machine.Symbol("nl_table"), tables.Value);

        KernelObjects objects = _machine.Objects(Types);
        IReadOnlyList<string> problems = SocketTables.Visit(objects, address => Assert.Fail($"{address} is no socket"));
        Assert.Contains($"TCP's connections: and {Buckets - 2} more like it", problems);
        Assert.Contains($"netlink sockets: and {Buckets - 2} more like it", problems);
        Assert.InRange(problems.Count, 1, 12);
    }

    [Fact]
    public void A_table_larger_than_any_ends()
    {
        // All memory behind it is looked at as if it were buckets, and then what is not there.
        _machine.Word(_machine.Symbol("tcp_hashinfo"), _machine.Direct(new(0)).Value);
        _machine.Half(_machine.Symbol("tcp_hashinfo") + 8, uint.MaxValue);
        KernelObjects objects = _machine.Objects(Types);
        Assert.Contains(SocketTables.Visit(objects, _ => { }), problem => problem.StartsWith("TCP's connections: ", StringComparison.Ordinal));
    }
}
