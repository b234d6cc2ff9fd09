using IommuSpy.Linux.Architecture;
using IommuSpy.Linux.Discovery;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.VmCoreInfo;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Tests.Architecture.Toy;

/// <summary>An architecture beside those that are built in: what it takes is in this folder, and the line that names it to the discovery.</summary>
internal sealed class ToyArchitecture : CpuArchitecture
{
    public const ulong ImageStart = 0xffff_ffff_0000_0000;
    private static readonly DocumentedLayout Layout = new("toy", "all", 3, "none",
    [
        new(RegionKind.UserSpace, new(0), new(0x3fff_ffff_ffff), "user space"),
        new(RegionKind.DirectMap, new(0xffff_c000_0000_0000), new(0xffff_dfff_ffff_ffff), "direct map"),
        new(RegionKind.KernelText, new(ImageStart), new(ulong.MaxValue), "kernel"),
    ]);

    public override string Name => "toy";

    public override ImageMachine Machine { get; } = new(0x7074, "toy");

    public override string PhysicalBaseName => "toy_base";

    internal override IReadOnlyList<string> RootSymbols => ["toy_root"];

    internal override VirtualAddress ImageMap => new(ImageStart);

    internal override (VirtualAddress Start, ulong Bytes) ImageSpace(PagingMode mode) => (ImageMap, 1UL << 30);

    internal override ulong BaseAlignment => 1UL << 25;

    public override PhysicalAddress? RootOf(CpuState cpu, PagingMode mode) => cpu.Find("TOYROOT") is ulong root ? new(root) : null;

    public override IReadOnlyList<DocumentedLayout> DocumentedLayouts => [Layout];

    public override DocumentedLayout? FindLayout(string release, int levels) => Layout;

    public override UserEntries EntriesOf(LinuxKernel kernel) => new ToyEntries();

    internal override RootSearch Roots(PhysicalMemory memory) => new ToyRoots(this, memory);

    internal override (VirtualAddress First, VirtualAddress Last) ChosenSpace(PagingMode mode) => (new(mode.FirstKernelAddress), new(ImageStart - 1));

    internal override ulong? PhysicalBaseOf(VmCoreInfoNote note) => null;

    internal override IEnumerable<Witness<ulong>> PhysicalBases(KernelEvidence kernel) => [];

    internal override IEnumerable<Witness<int>> Levels(KernelEvidence kernel) => [];

    internal override Fact<ulong>? KaslrOffset(KernelEvidence kernel) => null;

    internal override Fact<VirtualAddress>? ModulesBase(KernelEvidence kernel, AddressSpace space) => null;

    internal override DocumentedLayout NewestLayout(int levels) => Layout;

    /// <summary>A root's last entry leads to the table that maps the image.</summary>
    private sealed class ToyRoots(CpuArchitecture architecture, PhysicalMemory memory) : RootSearch(architecture)
    {
        public override IEnumerable<RootCandidate> Candidates()
        {
            foreach (PhysicalRange range in memory.Ranges)
            {
                for (ulong at = range.Start.Value; at < range.Start.Value + range.Length; at += ToyFormat.Mode.Format.PageBytes)
                {
                    if (At(new(at)) is RootCandidate root)
                    {
                        yield return root;
                    }
                }
            }
        }

        public override RootCandidate? At(PhysicalAddress page) =>
            memory.TryRead(page + (ulong)(ToyFormat.Mode.Format.TableBytes - sizeof(ulong)), out ulong last) && ToyFormat.IsPresent(last)
                && ToyFormat.ReservedBits(last, 3) == 0
            && TextMapping.Find(
                AddressSpace.Of(memory, page, ToyFormat.Mode), Architecture.ImageMap, Architecture.ImageSpace(ToyFormat.Mode), out _) is TextMapping text
                && memory.Contains(text.Physical)
                ? new(Architecture, page, ToyFormat.Mode, text)
                : null;

        public override RootCandidate? Of(CpuState cpu) => Architecture.RootOf(cpu, ToyFormat.Mode) is PhysicalAddress root ? At(root) : null;
    }

    private sealed class ToyEntries : UserEntries
    {
        public override UserEntry Read(ulong entry, int level) => ToyFormat.IsPresent(entry)
            ? new(true, ToyFormat.Mode.Format.Page(entry, level).Frame, null, null, null, true, false, false, false)
            : new(false, null, null, null, ReadNonPresent(entry, level).Kind, false, false, false, false);

        public override NonPresentEntry ReadNonPresent(ulong entry, int level) => NonPresentEntry.Empty;
    }
}
