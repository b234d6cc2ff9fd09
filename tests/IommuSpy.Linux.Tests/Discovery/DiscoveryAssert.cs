using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Tests.Discovery;

/// <summary>Whether what discovery says of a built machine is what was built.</summary>
internal static class DiscoveryAssert
{
    /// <summary>Every fact, every symbol and every process, of a kernel that lists its variables.</summary>
    internal static void Whole(BuiltKernel built, LinuxKernel found)
    {
        Facts(built, found);
        Assert.Equal(built.Symbols, found.Kallsyms!.Symbols);
        Assert.Null(found.KallsymsAbsence);
        Assert.Equal(built.Made.Note != NoteForm.None, found.VmCoreInfo is not null);
        Assert.Equal(built.Processes.Select(process => process.Root), found.ProcessTables);
        Assert.Equal(built.Made.TextVirtual - 0xffff_ffff_8000_0000 - built.Made.PreferredAddress, found.Facts.KaslrOffset!.Value);
    }

    /// <summary>Every fact that the tables tell. All witnesses agree.</summary>
    internal static void Facts(BuiltKernel built, LinuxKernel found)
    {
        KernelBuilder made = built.Made;
        KernelFacts facts = found.Facts;
        Assert.Equal(made.Release, Agreed(facts.Release));
        Assert.Equal($"Linux version {made.Release} (test@test) (gcc) #1 SMP Debian", Agreed(facts.Banner));
        Assert.Equal(made.Levels, Agreed(facts.PagingLevels));
        Assert.Equal(built.Root, Agreed(facts.RootTable));
        Assert.Equal(made.PhysicalBase, Agreed(facts.PhysicalBase));
        Assert.Equal(new(made.PageOffset), Agreed(facts.PageOffsetBase!));
        Assert.Equal(new(made.Vmalloc), Agreed(facts.VmallocBase!));
        Assert.Equal(new(made.Vmemmap), Agreed(facts.VmemmapBase!));
        Assert.Equal(new(made.ModulesBase), Agreed(facts.ModulesBase!));
        Assert.Equal(~made.EncryptionBit, Agreed(facts.EntryMask));
        Assert.Equal(new TextMapping(new(KernelBuilder.MapStart), new(made.TextVirtual), new(made.TextPhysical), KernelBuilder.ImageBytes), found.Text);
        Assert.Equal(built.Root, found.Space.Root);
    }

    /// <summary>The value of a fact on which there is no disagreement.</summary>
    internal static T Agreed<T>(Fact<T> fact)
        where T : IEquatable<T>
    {
        Assert.True(fact.Agreed, string.Join(", ", fact.Witnesses));
        return fact.Value;
    }

    /// <summary>All RAM is found in the direct map at its own address: every frame, by the tables.</summary>
    internal static void MapsAllMemory(BuiltKernel built, LinuxKernel found)
    {
        AddressSpace space = found.Space;
        foreach (PhysicalRange run in built.Made.Ram)
        {
            for (ulong at = run.Start.Value; at < run.Start.Value + run.Length; at += PageFrame.Size)
            {
                if (!space.TryTranslate(new(built.Made.PageOffset + at), out PhysicalAddress physical) || physical.Value != at)
                {
                    Assert.Fail($"0x{at:x} is not in the direct map");
                }
            }
        }
    }
}
