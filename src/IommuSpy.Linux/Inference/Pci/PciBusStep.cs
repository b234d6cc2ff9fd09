using System.Globalization;
using IommuSpy.Linux.Pci;

namespace IommuSpy.Linux.Inference.Pci;

/// <summary>
/// struct pci_bus, and how it holds struct pci_dev: from the symbol pci_root_buses, lists whose elements name the bus behind their links. The functions of a
/// bus have a kobject whose name is their address; the buses below it are found before them in it. What a bus is called tells its number.
/// </summary>
internal sealed class PciBusStep : InferenceStep<PciTree>
{
    private const int MaxBusBytes = 1024;
    private const int MaxDeviceBytes = 4096;
    private const int MaxElements = 1 << 12;
    private const int LinkBytes = 16;

    // Behind the links of both: the bus of a function, the bus above a bus.
    private const int OwnerAt = LinkBytes;

    /// <inheritdoc/>
    public override string Subject => "PCI buses";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["pci_bus.devices", "pci_dev.bus_list"];

    /// <inheritdoc/>
    public override Part<PciTree> Infer(InferenceContext context)
    {
        if (context.SymbolAddress("pci_root_buses") is not ulong head)
        {
            return Part.Absent("no symbol pci_root_buses");
        }

        if (context.Linked(head, MaxElements) is not { Count: > 0 } roots)
        {
            return Part.Absent("the list that the symbol pci_root_buses heads is empty or damaged");
        }

        List<(int Devices, int Name)> found = [];
        for (int devices = LinkBytes * 2; devices < MaxBusBytes; devices += sizeof(ulong))
        {
            List<ulong>? owned = Owned(context, roots, devices);
            if (owned is { Count: > 0 })
            {
                found.AddRange(
                    FieldSearch.Words(context.Memory, owned, FieldSearch.LeastDistance(owned, MaxDeviceBytes),
                        (function, _, offset) => IsNamed(context, function + (ulong)offset)).Select(name => (devices, name)));
            }
        }

        if (found.Count != 1)
        {
            return Part.Absent($"{found.Count} lists of the root buses hold objects that are named as PCI functions");
        }

        (int devicesAt, int nameAt) = found[0];
        int childrenAt = devicesAt - LinkBytes;
        List<ulong> buses = [.. roots];
        for (int i = 0; i < buses.Count && buses.Count < MaxElements; i++)
        {
            if (Owned(context, [buses[i]], childrenAt) is not { } children)
            {
                return Part.Absent("what stands before the list of functions is no list of buses");
            }

            buses.AddRange(children);
        }

        Dictionary<ulong, PciAddress> functions = [];
        foreach (ulong function in Owned(context, buses, devicesAt) ?? [])
        {
            if (PciAddress.TryParse(context.KernelObjectName(function + (ulong)nameAt), out PciAddress address))
            {
                functions[function] = address;
            }
        }

        const string Listed = "from the symbol pci_root_buses, lists with agreeing back links whose elements name the bus that holds them; functions by their "
            + "kobject's name";
        LayoutBook book = context.Book;
        book.Add("pci_bus", "node", 0, book.Struct("list_head"), buses.Count, Listed);
        book.Add("pci_bus", "parent", OwnerAt, book.PointerTo("pci_bus"), buses.Count, Listed);
        book.Add("pci_bus", "children", childrenAt, book.Struct("list_head"), buses.Count, Listed);
        book.Add("pci_bus", "devices", devicesAt, book.Struct("list_head"), buses.Count, Listed);
        book.Add("pci_dev", "bus_list", 0, book.Struct("list_head"), functions.Count, Listed);
        book.Add("pci_dev", "bus", OwnerAt, book.PointerTo("pci_bus"), functions.Count, Listed);
        int? bridge = Bridges(context, buses, functions, devicesAt + LinkBytes);
        (int busNameAt, Dictionary<ulong, byte> numbers) = Names(context, buses, functions);
        return new PciTree(functions, nameAt) { Buses = numbers, BusNameAt = busNameAt, BridgeAt = bridge };
    }

    // A kobject: its name, a link to its neighbours, and what it is in, which is one too. A function's ranges have the same name, and not the rest.
    private static bool IsNamed(InferenceContext context, ulong kernelObject) => PciAddress.TryParse(context.KernelObjectName(kernelObject), out PciAddress _)
        && context.Read(kernelObject, 8) is ulong neighbour && KernelBytes.LooksLikePointer(neighbour) && context.Read(neighbour, 8) == kernelObject + 8
        && context.KernelObjectName(context.Read(kernelObject, InferenceContext.KernelObjectParentAt)) is not null;

    // The elements of one list of each bus, all of which name the bus behind their links; null where that does not hold.
    private static List<ulong>? Owned(InferenceContext context, List<ulong> buses, int list)
    {
        List<ulong> all = [];
        foreach (ulong bus in buses)
        {
            if (context.Linked(bus + (ulong)list, MaxElements) is not { } elements || !elements.TrueForAll(element => context.Read(element, OwnerAt) == bus))
            {
                return null;
            }

            all.AddRange(elements);
        }

        return all;
    }

    // A bus behind a bridge names it, and the bridge names the bus behind the one it is on.
    private static int? Bridges(InferenceContext context, List<ulong> buses, Dictionary<ulong, PciAddress> functions, int self)
    {
        const int Subordinate = OwnerAt + sizeof(ulong);
        bool holds =
            buses.TrueForAll(bus =>
                context.Read(bus, self) is ulong bridge && (bridge == 0 || (functions.ContainsKey(bridge) && context.Read(bridge, Subordinate) == bus)))
            && functions.Keys.All(function =>
                context.Read(function, Subordinate) is ulong bus && (bus == 0 || (buses.Contains(bus) && context.Read(bus, self) == function)));
        if (!holds)
        {
            context.Book.Refuse("pci_bus", "self", "buses and the bridges before them do not name each other where they always did");
            return null;
        }

        const string Mutual = "every bus behind a bridge names it and is named by it; no other function or bus has any";
        context.Book.Add("pci_bus", "self", self, context.Book.PointerTo("pci_dev"), buses.Count, Mutual);
        context.Book.Add("pci_dev", "subordinate", Subordinate, context.Book.PointerTo("pci_bus"), functions.Count, Mutual);
        return self;
    }

    // A bus is named by its domain and number, which the names of the functions on it begin with.
    private static (int At, Dictionary<ulong, byte> Numbers) Names(
        InferenceContext context, List<ulong> buses, Dictionary<ulong, PciAddress> functions)
    {
        List<int> names = FieldSearch.Words(context.Memory, buses, MaxBusBytes, (bus, _, offset) => Number(context, bus + (ulong)offset) is not null);
        names.RemoveAll(offset => functions.Any(function => Number(context, context.Read(function.Key, OwnerAt) + (ulong)offset) != function.Value.Bus));
        if (names.Count != 1)
        {
            context.Book.Refuse("pci_bus", "dev", $"{names.Count} objects in buses are named by the bus's number");
            return (0, []);
        }

        return (names[0], buses.ToDictionary(bus => bus, bus => Number(context, bus + (ulong)names[0])!.Value));
    }

    private static byte? Number(InferenceContext context, ulong kernelObject) =>
        context.KernelObjectName(kernelObject) is string name && name.Split(':') is [{ Length: >= 4 }, { Length: 2 } number]
        && byte.TryParse(number, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value) ? value : null;
}
