using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Reverse;
using IommuSpy.Linux.Devices;
using IommuSpy.Linux.Iommu;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure;

/// <summary>What rules look at.</summary>
public sealed class ExposureScene
{
    // Room that is made at once: a list that grows holds its pages twice.
    private const ulong Reserved = 1 << 21;

    private readonly Dictionary<ulong, PageFacts> _facts = [];
    private readonly Dictionary<ReachSpace, IReadOnlyList<ExposedPage>> _pages = new(ReferenceEqualityComparer.Instance);
    private readonly WorkBudget _budget;

    /// <summary>A scene.</summary>
    /// <param name="units">The IOMMUs.</param>
    /// <param name="reach">The devices, and what they reach.</param>
    /// <param name="memory">What memory is.</param>
    /// <param name="memoryBytes">How much memory the machine has.</param>
    /// <param name="budget">How many pages may be looked at one by one; null for the process's.</param>
    public ExposureScene(IReadOnlyList<IommuUnit> units, DeviceReach reach, IMemoryFacts memory, ulong memoryBytes, WorkBudget? budget = null)
    {
        _budget = budget ?? WorkBudget.OfProcess;
        Units = units;
        Reach = reach;
        Memory = memory;
        MemoryBytes = memoryBytes;
    }

    /// <summary>The IOMMUs.</summary>
    public IReadOnlyList<IommuUnit> Units { get; }

    /// <summary>The devices.</summary>
    public IReadOnlyList<MachineDevice> Devices => Reach.Devices;

    /// <summary>What they reach.</summary>
    public DeviceReach Reach { get; }

    /// <summary>What memory is.</summary>
    public IMemoryFacts Memory { get; }

    /// <summary>How much memory the machine has.</summary>
    public ulong MemoryBytes { get; }

    /// <summary>
    /// Tables that do restrict their devices: those whose pages are worth looking at one by one. A process's own, which a device shares, are not among them.
    /// </summary>
    public IEnumerable<ReachSpace> RestrictingSpaces => Reach.Spaces.Where(space => !MapsAllMemory(space) && !IsOfProcess(space));

    /// <summary>Whether tables are the page tables of a process, which a device uses by a PASID.</summary>
    private bool IsOfProcess(ReachSpace space) =>
        space.Users.Any(user => user.Context.Pasid is not null) && Memory.ProcessOf(space.Space.Root) is not null;

    /// <summary>Whether tables map most of memory one to one: translation in name only.</summary>
    public bool MapsAllMemory(ReachSpace space)
    {
        ulong oneToOne = 0;
        foreach (MappedExtent extent in Extents(space))
        {
            oneToOne += extent.Virtual == extent.Frame << PageFrame.Shift ? extent.Frames << PageFrame.Shift : 0;
        }

        return oneToOne > MemoryBytes / 2;
    }

    /// <summary>Each page of memory that tables let devices at, in order of the devices' addresses, as far as the budget goes.</summary>
    public IReadOnlyList<ExposedPage> PagesOf(ReachSpace space)
    {
        if (!_pages.TryGetValue(space, out IReadOnlyList<ExposedPage>? pages))
        {
            WorkAllowance allowance = new(_budget, Work.Pages, long.MaxValue);
            ulong most = Extents(space).Aggregate(0UL, (sum, extent) => sum + Math.Min(extent.Pages << (extent.PageShift - PageFrame.Shift), uint.MaxValue));
            List<ExposedPage> found = new((int)Math.Min(most, Reserved));
            foreach (ExposedPage page in Extents(space).SelectMany(extent => Pages(space, extent)))
            {
                if (!allowance.TryUse())
                {
                    break;
                }

                found.Add(page);
            }

            allowance.Finish();
            _pages[space] = pages = found;
        }

        return pages;
    }

    /// <summary>What a page is.</summary>
    public PageFacts FactsOf(PageFrame frame)
    {
        if (!_facts.TryGetValue(frame.Number, out PageFacts? facts))
        {
            _facts[frame.Number] = facts = Memory.FactsOf(frame);
        }

        return facts;
    }

    /// <summary>Whether whoever asked for the domain maps what it likes there: a process through VFIO.</summary>
    public static bool IsUnmanaged(ReachSpace space) => space.Users.Any(user => user.Device.Group?.Domain?.Kind == DomainKind.Unmanaged);

    private ExtentList Extents(ReachSpace space)
    {
        for (int i = 0; i < Reach.Spaces.Count; i++)
        {
            if (ReferenceEquals(Reach.Spaces[i], space))
            {
                return Reach.ExtentsOf(i);
            }
        }

        return [];
    }

    private IEnumerable<ExposedPage> Pages(ReachSpace space, MappedExtent extent)
    {
        // Two buffers on one page are often mapped one after the other: the same page again and again.
        ulong repeats = extent.Repeats ? extent.Pages : 1;
        for (ulong again = 0; again < repeats; again++)
        {
            for (ulong i = 0; i < extent.Frames; i++)
            {
                PageFrame frame = new(extent.Frame + i);
                yield return new(frame, space, new(extent.Virtual + (again << extent.PageShift) + (i << PageFrame.Shift)), extent.Rights, FactsOf(frame));
            }
        }
    }
}
