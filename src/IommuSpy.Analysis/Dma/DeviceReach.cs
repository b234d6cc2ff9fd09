using IommuSpy.Analysis.Reverse;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Dma;

/// <summary>
/// From a page frame to every device that can get at it: one pass over all devices' tables, each set once however many devices share it, kept as extents in a
/// tree. Devices that nothing restricts reach everything and are named apart. Immutable; safe to share between threads.
/// </summary>
public sealed class DeviceReach
{
    /// <summary>Ways to one frame that a query names at the most.</summary>
    public const int MostReachers = 1024;

    private readonly ExtentTree _tree;
    private readonly Dictionary<MachineDevice, ulong> _bytes = [];

    private readonly ExtentList[] _bySpace;

    private DeviceReach(IReadOnlyList<MachineDevice> devices, IReadOnlyList<ReachSpace> spaces, ExtentList[] extents)
    {
        Spaces = spaces;
        _bySpace = extents;
        ExtentTree tree = new(ExtentList.Join(extents));
        _tree = tree;
        Devices = devices;
        Unrestricted = [.. devices.Where(device => device.Access.IsUnrestricted())];
        foreach (ReachSpace space in spaces)
        {
            foreach (MachineDevice device in space.Users.Select(user => user.Device).Distinct())
            {
                _bytes[device] = _bytes.GetValueOrDefault(device) + space.MappedBytes;
            }
        }
    }

    /// <summary>All devices.</summary>
    public IReadOnlyList<MachineDevice> Devices { get; }

    /// <summary>Each set of tables.</summary>
    public IReadOnlyList<ReachSpace> Spaces { get; }

    /// <summary>Devices that reach all memory, since nothing restricts them.</summary>
    public IReadOnlyList<MachineDevice> Unrestricted { get; }

    /// <summary>Whether every table was read: none is missing from the image, and none was passed over because a walk became too long.</summary>
    public bool IsWhole => Spaces.All(space => space.IsWhole);

    /// <summary>How many extents the tables were merged into.</summary>
    public int Extents => _tree.Count;

    /// <summary>Reads all devices' tables, on all cores.</summary>
    /// <param name="devices">The devices.</param>
    /// <param name="budget">How much may be kept of them; null for the process's.</param>
    public static DeviceReach Of(IReadOnlyList<MachineDevice> devices, WorkBudget? budget = null)
    {
        budget ??= WorkBudget.OfProcess;
        (IoAddressSpace Space, List<ReachUser> Users)[] spaces = Distinct(devices);
        ExtentList[] extents = new ExtentList[spaces.Length];
        ReachSpace[] read = new ReachSpace[spaces.Length];
        Parallel.For(0, spaces.Length, i =>
        {
            (IoAddressSpace space, List<ReachUser> users) = spaces[i];
            extents[i] = [];
            DeviceExtentCollector leaves = new(i, extents[i], budget);
            WalkSummary summary = space.Visit(ref leaves);
            leaves.Complete();
            read[i] = new(space, users, leaves.Bytes, summary.MissingTables == 0 && !summary.LimitReached && !leaves.LimitReached);
        });
        return new(devices, read, extents);
    }

    /// <summary>What one set of tables maps, in order of the devices' addresses.</summary>
    internal ExtentList ExtentsOf(int space) => _bySpace[space];

    /// <summary>Bytes that tables let a device through to, each I/O virtual page counted; null for a device that no tables restrict.</summary>
    public ulong? MappedBytes(MachineDevice device) => device.Access.IsUnrestricted() ? null : _bytes.GetValueOrDefault(device);

    /// <summary>
    /// Every way to a frame through tables, by device and address, at most <see cref="MostReachers"/>; those of <see cref="Unrestricted"/> are not among them.
    /// </summary>
    public IReadOnlyList<DeviceReacher> ReachersOf(PageFrame frame)
    {
        List<MappedExtent> extents = [];
        _tree.Find(frame.Number, extents);
        List<DeviceReacher> reachers = [];
        foreach (MappedExtent extent in extents)
        {
            ulong within = (frame.Number - extent.Frame) << PageFrame.Shift;
            ulong repeats = extent.Repeats ? extent.Pages : 1;
            for (ulong i = 0; i < repeats && reachers.Count < MostReachers; i++)
            {
                IoVirtualAddress address = new(extent.Virtual + (i << extent.PageShift) + within);
                reachers.AddRange(Spaces[extent.Space].Users.Select(user =>
                    new DeviceReacher(user.Device, user.Context.Pasid, user.Context.Domain, address, 1UL << extent.PageShift, extent.Rights)));
            }
        }

        return [.. reachers.OrderBy(reacher => reacher.Device.Address).ThenBy(reacher => reacher.Pasid).ThenBy(reacher => reacher.Address).Take(MostReachers)];
    }

    // Devices of a group have entries of their own that lead to the same tables; what an entry itself lets through is part of what it makes of them.
    private static (IoAddressSpace Space, List<ReachUser> Users)[] Distinct(IReadOnlyList<MachineDevice> devices)
    {
        Dictionary<(IoTableFormat, PhysicalAddress, int, AccessRights, PhysicalAddress?), (IoAddressSpace Space, List<ReachUser> Users)> found = [];
        foreach (MachineDevice device in devices.Where(device => !device.Access.IsUnrestricted()))
        {
            foreach (DeviceContext context in device.Contexts)
            {
                if (context.Space is not IoAddressSpace space)
                {
                    continue;
                }

                var key = (space.Format, space.Root, space.Levels, space.Granted, space.Second?.Root);
                if (!found.TryGetValue(key, out var entry))
                {
                    found[key] = entry = (space, []);
                }

                entry.Users.Add(new(device, context));
            }
        }

        return [.. found.Values];
    }
}
