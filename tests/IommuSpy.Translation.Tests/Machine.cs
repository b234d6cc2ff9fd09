using IommuSpy.Memory;
using IommuSpy.Testing.X64;
using IommuSpy.Translation.X64;

namespace IommuSpy.Translation.Tests;

/// <summary>One machine with 1 MiB of RAM from 0 and one set of page tables at 64 KiB: what most cases need.</summary>
internal sealed class Machine : IDisposable
{
    internal const ulong TablesAt = 0x1_0000;

    private readonly BuiltMemory _built;

    private Machine(BuiltMemory built, AddressSpace space)
    {
        _built = built;
        Space = space;
    }

    internal PhysicalMemory Memory => _built.Memory;

    internal AddressSpace Space { get; }

    internal static Machine With(
        int levels, Action<PageTableBuilder, PhysicalMemoryBuilder> layOut, Backing backing = Backing.Mapped, ulong encryptionBit = 0, ulong ramBytes = 1 << 20)
    {
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(new(0), ramBytes);
        PageTableBuilder tables = new(memory, levels, new(TablesAt)) { EncryptionBit = encryptionBit };
        layOut(tables, memory);
        BuiltMemory built = memory.Build(backing);
        return new(built, AddressSpace.Of(built.Memory, tables.Root, X64Format.Mode(levels, ~encryptionBit)));
    }

    internal static Machine With(int levels, Action<PageTableBuilder> layOut, Backing backing = Backing.Mapped, ulong encryptionBit = 0) =>
        With(levels, (tables, _) => layOut(tables), backing, encryptionBit);

    /// <summary>What the four ways to translate say of an address; they have to say the same.</summary>
    internal PhysicalAddress? Translate(VirtualAddress address)
    {
        AddressTranslation shown = Space.Translate(address);
        Assert.Equal(shown.Physical is not null, Space.TryTranslate(address, out PhysicalAddress physical));
        Assert.Equal(shown.Physical ?? default, physical);
        Assert.Equal(shown.Outcome == TranslationOutcome.Mapped, shown.Physical is not null);
        if (Space.IsCanonical(address))
        {
            ulong[] many = new ulong[1];
            Space.TranslateMany([address.Value], many);
            Assert.Equal(shown.Physical?.Value ?? TableWalker<X64Format>.Unmapped, many[0]);

            LeafList visitor = new();
            Space.Visit(address, address, ref visitor);
            Assert.Equal(shown.Physical is not null, visitor.Leaves.Count == 1);
        }

        return shown.Physical;
    }

    internal IList<Leaf> Visit(out WalkSummary summary)
    {
        LeafList visitor = new();
        summary = Space.Visit(ref visitor);
        return visitor.Leaves;
    }

    public void Dispose() => _built.Dispose();
}
