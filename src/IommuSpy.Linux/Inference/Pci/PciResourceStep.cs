using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Inference.Pci;

/// <summary>struct resource: what functions decode has their name, at equal distances; the range of bus numbers of each bus begins with its own.</summary>
internal sealed class PciResourceStep : InferenceStep<PciTree, FieldsOnly>
{
    private const int MaxRestBytes = 3072; // of struct pci_dev, behind its name
    private const int MaxBusBytes = 1024;
    private const int EndAt = 8;
    private const int NameAt = 16;
    private const int FlagsAt = 24;
    private const int NamedResources = 7; // six BARs and the ROM
    private const int BridgeWindows = 4;
    private const int MaxResources = 32;
    private const int MostResources = 17; // DEVICE_COUNT_RESOURCE, with SR-IOV

    // Kinds of resources (include/linux/ioport.h, IORESOURCE_*).
    private const ulong Kinds = 0x1f00;
    private const ulong Ports = 0x100;
    private const ulong Addresses = 0x200;
    private const ulong BusNumbers = 0x1000;

    // Bits in the low byte belong to the kind; what is not busy, disabled or of several kinds has no other.
    private const ulong KindOfBusNumbers = ~0xffUL;

    // Of struct resource: without and, since 4.6, with desc. The upper half of a BAR of 64 bits has no name, so that not all stand side by side.
    private static readonly int[] Sizes = [56, 64];

    /// <inheritdoc/>
    public override string Subject => "what PCI functions decode";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["pci_dev.resource"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, PciTree tree)
    {
        List<ulong> functions = tree.All;
        int name = tree.NameAt;
        int rest = FieldSearch.LeastDistance(functions, name + MaxRestBytes) - name;
        List<int> names = FieldSearch.Words(context.Memory, functions,
            Enumerable.Range(1, Math.Max((rest / sizeof(ulong)) - 1, 0)).Select(i => name + (i * sizeof(ulong))), (function, value, offset) =>
            value == context.Read(function, name) && Kind(context, function, offset - NameAt) is 0 or Ports or Addresses
                && context.Read(function, offset - NameAt) <= context.Read(function, offset - NameAt + EndAt));
        int[] sizes = [.. Sizes.Where(bytes => names.Count > 1 && names.TrueForAll(at => (at - names[0]) % bytes == 0))];
        if (sizes.Length != 1)
        {
            return Part.Absent($"{names.Count} ranges have each function's name, and {sizes.Length} sizes fit their distances");
        }

        const string Named = "ranges at equal distances that have the function's name, of addresses, of ports, or unused: its BARs and ROM";
        LayoutBook book = context.Book;
        book.Size("resource", (ulong)sizes[0]);
        foreach ((string field, int at, KernelType type) in new[]
        {
            ("start", 0, LayoutBook.UnsignedLong), ("end", EndAt, LayoutBook.UnsignedLong), ("name", NameAt, LayoutBook.Text),
            ("flags", FlagsAt, LayoutBook.UnsignedLong),
        })
        {
            book.Add("resource", field, at, type, functions.Count, Named);
        }

        // Behind them those of a virtual function's and of a bridge's, in which chipsets' own registers are kept too.
        int count = NamedResources;
        while (count < MostResources && functions.TrueForAll(function => IsRange(context, function, names[0] - NameAt + (count * sizes[0]))))
        {
            count++;
        }

        if (Windows(context, tree, names[0] - NameAt, sizes[0]) is int windows)
        {
            count = Math.Max(count, windows + BridgeWindows);
            book.Enumerator("PCI_BRIDGE_RESOURCES", windows);
        }

        book.Add("pci_dev", "resource", names[0] - NameAt, new ArrayType(() => book.Struct("resource"), (ulong)count), functions.Count, Named);
        if (tree.Buses.Count > 0)
        {
            BusNumbersOf(context, tree);
        }

        return FieldsOnly.Done;
    }

    private static void BusNumbersOf(InferenceContext context, PciTree tree)
    {
        List<ulong> buses = [.. tree.Buses.Keys];
        List<int> ranges = FieldSearch.Words(context.Memory, buses, MaxBusBytes - FlagsAt, (bus, value, offset) =>
            value == tree.Buses[bus] && context.Read(bus, offset + EndAt) is ulong end && end >= value && end <= byte.MaxValue
                && (context.Read(bus, offset + FlagsAt) & KindOfBusNumbers) == BusNumbers);
        if (ranges.Count != 1)
        {
            context.Book.Refuse("pci_bus", "busn_res", $"{ranges.Count} ranges of bus numbers begin with each bus's own");
            return;
        }

        context.Book.Add("pci_bus", "busn_res", ranges[0], context.Book.Struct("resource"), buses.Count,
            "a range that begins with each bus's number, of bus numbers by its flags");

        // Its own number stands behind the range, in a byte. With one bus alone any zero could be it.
        int[] numbers =
            [.. Enumerable.Range(ranges[0] + FlagsAt, MaxBusBytes - ranges[0] - FlagsAt)
                .Where(at => buses.TrueForAll(bus => (byte)context.Read(bus, at) == tree.Buses[bus]))];
        if (numbers.Length == 1)
        {
            context.Book.Add("pci_bus", "number", numbers[0], LayoutBook.UnsignedChar, buses.Count, "the number that is in the bus's name");
        }
        else
        {
            context.Book.Refuse("pci_bus", "number", $"{numbers.Length} bytes hold the number in the name of {buses.Count} buses");
        }
    }

    // A bus behind a bridge has pointers to the bridge's windows, which stand among the bridge's ranges; where, depends on SR-IOV being configured. Null
    // without bridges.
    private static int? Windows(InferenceContext context, PciTree tree, int resources, int bytes)
    {
        if (tree.BridgeAt is not int self)
        {
            return null;
        }

        List<ulong> behind = [.. tree.Buses.Keys.Where(bus => context.Read(bus, self) != 0)];
        ulong Distance(ulong bus, int offset) => context.Read(bus, offset) - (context.Read(bus, self) + (ulong)resources);
        List<int> pointers = FieldSearch.Words(context.Memory, behind, MaxBusBytes, (bus, value, offset) =>
            Distance(bus, offset) is ulong at && at == Distance(behind[0], offset) && at % (ulong)bytes == 0 && at >= (ulong)(NamedResources * bytes)
                && at < (ulong)(MaxResources * bytes)
            && Enumerable.Range(1, BridgeWindows - 1).All(i => context.Read(bus, offset + (i * sizeof(ulong))) == value + (ulong)(i * bytes)));
        return pointers.Count == 1 ? (int)(Distance(behind[0], pointers[0]) / (ulong)bytes) : null;
    }

    // Unused, or of a kind, in order and with a name.
    private static bool IsRange(InferenceContext context, ulong function, int at)
    {
        ulong start = context.Read(function, at);
        ulong end = context.Read(function, at + EndAt);
        ulong name = context.Read(function, at + NameAt);
        return name == 0 ? start == 0 && end == 0 && context.Read(function, at + FlagsAt) == 0
            : start <= end && Kind(context, function, at) is Ports or Addresses && context.Text(name) is not null;
    }

    private static ulong Kind(InferenceContext context, ulong instance, int resource) => context.Read(instance, resource + FlagsAt) & Kinds;
}
