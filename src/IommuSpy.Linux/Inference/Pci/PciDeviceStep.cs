using System.Globalization;
using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Inference.Pci;

/// <summary>
/// struct pci_dev, and the struct device in it: numbers by the function's name and by the table of ids that its driver is for, the device by its parent, which
/// its kobject's parent lies in, driver and iommu_group by what they begin with.
/// </summary>
internal sealed class PciDeviceStep : InferenceStep<PciTree, FieldsOnly>
{
    private const int MaxDeviceBytes = 1024; // struct device
    private const int MaxHeadBytes = 64; // of struct device, before its kobject

    private const int MostDrivers = 64; // enough to tell by
    private const int MaxDriverHeadBytes = 256; // of struct pci_driver, before its struct device_driver
    private const int MaxIds = 1024;
    private const uint AnyId = uint.MaxValue;

    private const int HeaderTypeAt = 17; // behind devfn
    private const int MaxExpressDistance = 64;

    // struct pci_device_id (include/linux/mod_devicetable.h), since 5.16 with override_only.
    private static readonly int[] IdBytes = [32, 40];

    /// <inheritdoc/>
    public override string Subject => "PCI functions";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["pci_dev.dev", "pci_dev.devfn"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, PciTree tree)
    {
        List<ulong> functions = tree.All;
        Dictionary<ulong, ulong> drivers = Device(context, tree, functions);
        Numbers(context, tree, functions, drivers);
        return FieldsOnly.Done;
    }

    // Returns the driver of each function that has one.
    private static Dictionary<ulong, ulong> Device(InferenceContext context, PciTree tree, List<ulong> functions)
    {
        LayoutBook book = context.Book;
        int name = tree.NameAt;
        List<(int Device, int Parent)> found = [];
        for (int inside = 0; inside <= MaxHeadBytes && inside <= name; inside += sizeof(ulong))
        {
            int device = name - inside;
            found.AddRange(FieldSearch.Words(context.Memory, functions, Offsets(device, MaxDeviceBytes), (function, value, offset) =>
                offset != name + InferenceContext.KernelObjectParentAt && value != 0
                    && value + (ulong)inside == context.Read(function, name + InferenceContext.KernelObjectParentAt)).Select(offset => (device, offset)));
        }

        if (found.Count != 1)
        {
            book.Refuse("pci_dev", "dev", $"{found.Count} pointers lead to what the parent of each function's kobject lies in");
            return [];
        }

        (int at, int parent) = found[0];
        const string Inside = "the parent of each function's device is where the parent of its kobject lies in, at the same distance";
        book.Add("kobject", "name", 0, LayoutBook.Text, functions.Count, "the address of each function, as text");
        book.Add("kobject", "parent", InferenceContext.KernelObjectParentAt, book.PointerTo("kobject"), functions.Count, Inside);
        book.Add("device", "kobj", name - at, book.Struct("kobject"), functions.Count, Inside);
        if (tree.Buses.Count > 0)
        {
            book.Add("pci_bus", "dev", tree.BusNameAt - (name - at), book.Struct("device"), tree.Buses.Count,
                "its kobject is named by the domain and the number that the names of the functions on it have");
        }

        book.Add("device", "parent", parent - at, book.PointerTo("device"), functions.Count, Inside);
        Dictionary<ulong, ulong> drivers = Drivers(context, functions, at);
        Groups(context, functions, at);
        book.Add("pci_dev", "dev", at, book.Struct("device"), functions.Count, Inside);
        return drivers;
    }

    // A struct device_driver begins with its name and its bus type, which is the symbol pci_bus_type.
    private static Dictionary<ulong, ulong> Drivers(InferenceContext context, List<ulong> functions, int device)
    {
        if (context.SymbolAddress("pci_bus_type") is not ulong type)
        {
            context.Book.Refuse("device", "driver", "no symbol pci_bus_type");
            return [];
        }

        List<int> types = FieldSearch.Words(context.Memory, functions, Offsets(device, MaxDeviceBytes), (_, value, _) => value == type);
        List<int> bound = FieldSearch.Words(context.Memory, functions, Offsets(device, MaxDeviceBytes),
            (_, value, _) => value == 0 || (context.Read(value, 8) == type && context.Text(context.Read(value, 0)) is not null));
        bound.RemoveAll(offset => functions.TrueForAll(function => context.Read(function, offset) == 0));
        if (types.Count != 1 || bound.Count != 1)
        {
            context.Book.Refuse("device", "driver",
                $"{types.Count} pointers lead from every function to pci_bus_type, and {bound.Count} to drivers of that type");
            return [];
        }

        const string Typed = "the symbol pci_bus_type in every function's device, and in every driver that one names";
        context.Book.Add("device", "bus", types[0] - device, context.Book.PointerTo("bus_type"), functions.Count, Typed);
        context.Book.Add("device", "driver", bound[0] - device, context.Book.PointerTo("device_driver"), functions.Count, Typed);
        context.Book.Add("device_driver", "name", 0, LayoutBook.Text, functions.Count, Typed);
        context.Book.Add("device_driver", "bus", 8, context.Book.PointerTo("bus_type"), functions.Count, Typed);
        return functions.Where(function => context.Read(function, bound[0]) != 0)
            .ToDictionary(function => function, function => context.Read(function, bound[0]));
    }

    // The name of a group's kobject, with which struct iommu_group begins, is its number.
    private static void Groups(InferenceContext context, List<ulong> functions, int device)
    {
        List<int> groups = FieldSearch.Words(context.Memory, functions, Offsets(device, MaxDeviceBytes),
            (_, value, _) => value == 0 || GroupNumber(context, value) is not null);
        groups.RemoveAll(offset => functions.TrueForAll(function => context.Read(function, offset) == 0));
        if (groups.Count != 1)
        {
            context.Book.Refuse("device", "iommu_group", $"{groups.Count} pointers of functions lead to objects that are named by a number");
            return;
        }

        List<ulong> known = [.. functions.Select(function => context.Read(function, groups[0])).Where(group => group != 0).Distinct()];
        const string Numbered = "leads to what has a kobject whose name is a number";
        context.Book.Add("device", "iommu_group", groups[0] - device, context.Book.PointerTo("iommu_group"), functions.Count, Numbered);
        List<int> ids = FieldSearch.HalfWords(context.Memory, known, MaxDeviceBytes / 2, (group, value, _) => (uint)value == GroupNumber(context, group));
        if (ids.Count == 1)
        {
            context.Book.Add("iommu_group", "id", ids[0], LayoutBook.Int, known.Count, "the number that is the group's name");
        }
        else
        {
            context.Book.Refuse("iommu_group", "id", $"{ids.Count} places of {known.Count} groups hold the number that is the group's name");
        }
    }

    private static uint? GroupNumber(InferenceContext context, ulong group) =>
        context.Memory.IsDirect(group) && context.KernelObjectName(group) is string name
            && uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : null;

    // devfn, vendor, device, both of the subsystem, class, revision and header type follow each other in every release. Drivers are for what their tables of
    // ids say, and most functions are in their driver's.
    private static void Numbers(InferenceContext context, PciTree tree, List<ulong> functions, Dictionary<ulong, ulong> drivers)
    {
        List<int> found = FieldSearch.HalfWords(context.Memory, functions, tree.NameAt, (function, value, offset) =>
            value == tree.Functions[function].DeviceFunction && Half(context, function, offset + 4) is ulong ids && (ushort)ids is not (0 or ushort.MaxValue)
            && IsClass(context, function, offset + 12));
        Dictionary<ulong, List<uint[]>> tables = drivers.Values.Distinct().Take(MostDrivers).ToDictionary(driver => driver, driver => Tables(context, driver));
        ulong[] bound = [.. drivers.Where(pair => tables.ContainsKey(pair.Value)).Select(pair => pair.Key)];
        found.RemoveAll(offset =>
            bound.Count(function => tables[drivers[function]].Exists(id => Matches(context, function, offset, id))) * 2 < Math.Max(bound.Length, 1));
        if (found.Count != 1)
        {
            context.Book.Refuse("pci_dev", "devfn", $"{found.Count} places hold each function's number, and ids that {tables.Count} drivers are for");
            return;
        }

        const string Identified = "each function's number, and behind it ids and a class that most functions' drivers are for by their tables";
        LayoutBook book = context.Book;
        book.Add("pci_dev", "devfn", found[0], LayoutBook.UnsignedInt, functions.Count, Identified);
        (string Name, int At, KernelType Type, bool IsChecked)[] following =
        [
            ("vendor", 4, LayoutBook.UnsignedShort, true), ("device", 6, LayoutBook.UnsignedShort, true),
            ("subsystem_vendor", 8, LayoutBook.UnsignedShort, false),
            ("subsystem_device", 10, LayoutBook.UnsignedShort, false), ("class", 12, LayoutBook.UnsignedInt, true),
            ("revision", 16, LayoutBook.UnsignedChar, false),
            ("hdr_type", HeaderTypeAt, LayoutBook.UnsignedChar, true),
        ];
        foreach ((string name, int at, KernelType type, bool isChecked) in following)
        {
            book.Add("pci_dev", name, found[0] + at, type, functions.Count, isChecked ? Identified : "declared between or behind fields that were found",
                isChecked ? InferenceConfidence.Unique : InferenceConfidence.DeclarationOrder);
        }

        Express(context, tree, functions, found[0] + HeaderTypeAt);
    }

    // PCI Express Capabilities (PCIe 7.5.3.2): a version in bits 0-3, what kind of function in 4-7, whose ports have a bridge's header, and what bits 14 and 15
    // are reserved for; 0 of conventional functions.
    private static void Express(InferenceContext context, PciTree tree, List<ulong> functions, int header)
    {
        List<int> found = [];
        for (int at = (header + 2) & ~1; at + sizeof(ushort) <= tree.NameAt && at < header + MaxExpressDistance; at += sizeof(ushort))
        {
            ulong[] registers = [.. functions.Select(function => (ulong)(ushort)context.Read(function, at))];
            bool holds = functions.Zip(registers).All(pair => pair.Second == 0 || (pair.Second < 0x4000 && (pair.Second & 0xf) is 1 or 2
                && ((pair.Second >> 4) & 0xf) is ulong kind && kind is 0 or 1 or (>= 4 and <= 10)
                && (kind is >= 4 and <= 8) == ((context.Read(pair.First, header) & 0x7f) == 1)));

            // Small numbers that are none look like endpoints of the first version.
            if (holds && registers.Any(register => ((register >> 4) & 0xf) >= 4))
            {
                found.Add(at);
            }
        }

        InferenceConfidence confidence = found.Count > 1 ? InferenceConfidence.DeclarationOrder : InferenceConfidence.Unique;
        if (found.Count > 1)
        {
            // By chance another place fits. In every release the register of the ROM's address and the interrupt pin stand before it.
            found.RemoveAll(at =>
                !functions.TrueForAll(function =>
                    Half(context, function, at - 2) is ulong before && (byte)before is 0 or 0x30 or 0x38 && (before >> 8 & 0xff) <= 4));
        }

        if (found.Count == 1)
        {
            context.Book.Add("pci_dev", "pcie_flags_reg", found[0], LayoutBook.UnsignedShort, functions.Count,
                "of every function 0, or a version and a kind that agrees with its header type", confidence);
        }
        else
        {
            context.Book.Refuse("pci_dev", "pcie_flags_reg", $"{found.Count} places hold what could be every function's PCI Express Capabilities");
        }
    }

    // Bridges to PCI have header type 1 and a bus behind them; nothing else has.
    private static bool IsClass(InferenceContext context, ulong function, int at)
    {
        ulong value = Half(context, function, at);
        int header = (int)(context.Read(function, at + 5) & 0x7f);
        return value < 0x100_0000 && (value >> 16) is < 0x15 or 0x40 or 0xff && header <= 2 && (value >> 8 == 0x604) == (header == 1);
    }

    private static List<uint[]> Tables(InferenceContext context, ulong driver)
    {
        List<uint[]> ids = [];
        for (int before = sizeof(ulong); before <= MaxDriverHeadBytes; before += sizeof(ulong))
        {
            ulong table = context.Memory.WordOrZero(driver - (ulong)before);
            if (!context.IsStatic(table))
            {
                continue;
            }

            foreach (int bytes in IdBytes)
            {
                for (int i = 0; i < MaxIds; i++)
                {
                    uint[] id = [.. Enumerable.Range(0, 6).Select(word => (uint)context.Read(table, (i * bytes) + (word * sizeof(uint))))];
                    bool isId = id[0] is AnyId or (> 0 and <= ushort.MaxValue) && id[1] is AnyId or <= ushort.MaxValue && id[4] <= id[5];
                    if (!isId)
                    {
                        break;
                    }

                    ids.Add(id);
                }
            }
        }

        return ids;
    }

    private static bool Matches(InferenceContext context, ulong function, int devfn, uint[] id)
    {
        ulong its = Half(context, function, devfn + 4);
        uint classCode = (uint)Half(context, function, devfn + 12);
        return (id[0] == AnyId || id[0] == (ushort)its) && (id[1] == AnyId || id[1] == its >> 16) && ((id[4] ^ classCode) & id[5]) == 0
            && (id[0] != AnyId || id[5] != 0);
    }

    private static ulong Half(InferenceContext context, ulong instance, int offset) => (uint)context.Read(instance, offset);

    private static IEnumerable<int> Offsets(int first, int bytes) => Enumerable.Range(0, bytes / sizeof(ulong)).Select(i => first + (i * sizeof(ulong)));
}
