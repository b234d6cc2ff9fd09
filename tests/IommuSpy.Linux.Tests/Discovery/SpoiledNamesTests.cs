using System.Text;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Discovery;

/// <summary>A kernel says its release in three places. Whoever has changed one, or two, has not hidden the kernel.</summary>
public class SpoiledNamesTests
{
    private const string Release = "6.1.0-test";
    private const int Calls = 64;

    /// <summary>Kernels that are asked, by what they keep of their symbols.</summary>
    public static TheoryData<string> Kernels => [.. Made.Keys];

    private static Dictionary<string, KernelBuilder> Made => new(StringComparer.Ordinal)
    {
        ["all symbols"] = new(),
        ["functions alone"] = new() { ListsVariables = false },
        ["no symbols"] = new() { Symbols = SymbolForm.None },
    };

    [Theory]
    [MemberData(nameof(Kernels))]
    public void OneChangedLetterInTheBannerHidesNoKernel(string kernel)
    {
        LinuxKernel found = Discover(Made[kernel], Banner("Linux versiom "));
        Assert.Equal(Release, found.Facts.Release.Value);
        Assert.Equal($"Linux version {Release} #1 SMP Debian", found.Facts.Banner.Value);
        Assert.Contains(found.Facts.Banner.Witnesses, said => said.Value == "damaged");
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void TwoPlacesOutvoteABannerOfAnotherRelease(string kernel)
    {
        LinuxKernel found = Discover(Made[kernel], Banner("Linux version 5"));
        Assert.Equal(Release, found.Facts.Release.Value);
        Assert.False(found.Facts.Release.Agreed);
        Assert.NotNull(found.VmCoreInfo);
    }

    [Fact]
    public void TheNoteAloneTellsTheRelease()
    {
        LinuxKernel found = Discover(new() { MoreVariables = [("sys_call_table", Calls * sizeof(ulong))] }, SystemCalls + Banner("x") + Names);
        Assert.Equal(Release, Assert.Single(found.Facts.Release.Witnesses).Value);
        Assert.Equal("VMCOREINFO OSRELEASE", found.Facts.Release.Witnesses[0].Source);
        Assert.Equal($"Linux version {Release}", found.Facts.Banner.Value);
    }

    [Fact]
    public void TheBannerAloneTellsTheRelease()
    {
        LinuxKernel found = Discover(new() { Note = NoteForm.None }, Names);
        Assert.Equal("banner", Assert.Single(found.Facts.Release.Witnesses).Source);
    }

    [Fact]
    public void WhereNothingTellsAReleaseThereIsNoKernel() =>
        Assert.Throws<LinuxDiscoveryException>(() => Discover(new() { Note = NoteForm.None }, Banner("x") + Names));

    private static void Names(PhysicalMemoryBuilder memory, BuiltKernel kernel) => memory.Write(kernel.PhysicalOf("init_uts_ns"), "Lunix"u8);

    private static void SystemCalls(PhysicalMemoryBuilder memory, BuiltKernel kernel)
    {
        PhysicalAddress at = kernel.PhysicalOf("sys_call_table");
        foreach (Symbol function in kernel.Symbols.Where(symbol => symbol.Type is 'T' or 't').DistinctBy(symbol => symbol.Address).TakeLast(Calls))
        {
            memory.Write(at, function.Address.Value);
            at += sizeof(ulong);
        }
    }

    private static Action<PhysicalMemoryBuilder, BuiltKernel> Banner(string beginning) =>
        (memory, kernel) => memory.Write(kernel.PhysicalOf("linux_banner"), Encoding.ASCII.GetBytes(beginning));

    private static LinuxKernel Discover(KernelBuilder made, Action<PhysicalMemoryBuilder, BuiltKernel> spoil)
    {
        using BuiltMachine machine = BuiltMachine.Raw(made, spoil);
        return machine.Discover();
    }
}
