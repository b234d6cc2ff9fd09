using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Translation.Tests.Devices;

/// <summary>1 MiB of memory in which a test writes tables as it likes, a word at a time.</summary>
internal static class BuiltTables
{
    internal const ulong RamBytes = 1 << 20;
    internal const ulong Root = 0x1_0000;

    internal static BuiltMemory Build(params (ulong Address, ulong Word)[] words)
    {
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(new(0), RamBytes);
        foreach ((ulong address, ulong word) in words)
        {
            memory.Write(new(address), word);
        }

        return memory.Build(Backing.Mapped);
    }

    /// <summary>What every way to translate says; they have to say the same.</summary>
    internal static AddressTranslation Translate(IoAddressSpace space, ulong address)
    {
        AddressTranslation shown = space.Translate(new(address));
        Assert.Equal(shown.Physical is not null, space.TryTranslate(new(address), out PhysicalAddress physical));
        Assert.Equal(shown.Physical ?? default, physical);
        ulong[] many = new ulong[1];
        space.TranslateMany([address], many);
        Assert.Equal(shown.Physical?.Value ?? ulong.MaxValue, many[0]);
        Leaves leaves = new([]);
        space.Visit(new(address), new(address), ref leaves);
        Assert.Equal(shown.Physical is not null, leaves.Found.Count == 1);
        if (shown.Physical is not null)
        {
            IoLeaf leaf = leaves.Found[0];
            Assert.Equal(shown.Physical.Value.Value, leaf.Physical.Value + (address - leaf.Address.Value));
            Assert.Equal(shown.Rights, leaf.Rights);
        }

        return shown;
    }

    internal readonly struct Leaves(List<IoLeaf> found) : IIoLeafVisitor
    {
        public List<IoLeaf> Found { get; } = found;

        public void Leaf(in IoLeaf leaf) => Found.Add(leaf);
    }
}
