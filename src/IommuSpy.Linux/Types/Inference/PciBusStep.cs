using System.Globalization;
using IommuSpy.Linux.Pci;

namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// struct pci_bus, and how it holds struct pci_dev: from the symbol pci_root_buses, lists whose elements name the bus behind their links. The functions of a
/// bus have a kobject whose name is their address; the buses below it are found before them in it. What a bus is called tells its number.
/// </summary>
internal static class PciBusStep
{
    private const int MaxBusBytes = 1024;
    private const int MaxDeviceBytes = 4096;
    private const int MaxElements = 1 << 12;
    private const int LinkBytes = 16;

    // Behind the links of both: the bus of a function, the bus above a bus.
    private const int OwnerAt = LinkBytes;

    public static void Run(InferenceState state)
    {
        if (state.SymbolAddress("pci_root_buses") is not ulong head)
        {
            Refuse(state, "no symbol pci_root_buses");
            return;
        }

        if (state.Linked(head, MaxElements) is not { Count: > 0 } roots)
        {
            Refuse(state, "the list that the symbol pci_root_buses heads is empty or damaged");
            return;
        }

        List<(int Devices, int Name)> found = [];
        for (int devices = LinkBytes * 2; devices < MaxBusBytes; devices += sizeof(ulong))
        {
            List<ulong>? functions = Owned(state, roots, devices);
            if (functions is { Count: > 0 })
            {
                found.AddRange(
                    FieldSearch.Words(state.Memory, functions, FieldSearch.LeastDistance(functions, MaxDeviceBytes),
                        (function, _, offset) => IsNamed(state, function + (ulong)offset)).Select(name => (devices, name)));
            }
        }

        if (found.Count != 1)
        {
            Refuse(state, $"{found.Count} lists of the root buses hold objects that are named as PCI functions");
            return;
        }

        (int devicesAt, int nameAt) = found[0];
        int childrenAt = devicesAt - LinkBytes;
        List<ulong> buses = [.. roots];
        for (int i = 0; i < buses.Count && buses.Count < MaxElements; i++)
        {
            if (Owned(state, [buses[i]], childrenAt) is not { } children)
            {
                Refuse(state, "what stands before the list of functions is no list of buses");
                return;
            }

            buses.AddRange(children);
        }

        foreach (ulong function in Owned(state, buses, devicesAt) ?? [])
        {
            if (PciAddress.TryParse(state.KernelObjectName(function + (ulong)nameAt), out PciAddress address))
            {
                state.PciFunctions[function] = address;
            }
        }

        const string Listed = "from the symbol pci_root_buses, lists with agreeing back links whose elements name the bus that holds them; functions by their "
            + "kobject's name";
        state.PciNameAt = nameAt;
        LayoutBook book = state.Book;
        book.Add("pci_bus", "node", 0, book.Struct("list_head"), buses.Count, Listed);
        book.Add("pci_bus", "parent", OwnerAt, book.PointerTo("pci_bus"), buses.Count, Listed);
        book.Add("pci_bus", "children", childrenAt, book.Struct("list_head"), buses.Count, Listed);
        book.Add("pci_bus", "devices", devicesAt, book.Struct("list_head"), buses.Count, Listed);
        book.Add("pci_dev", "bus_list", 0, book.Struct("list_head"), state.PciFunctions.Count, Listed);
        book.Add("pci_dev", "bus", OwnerAt, book.PointerTo("pci_bus"), state.PciFunctions.Count, Listed);
        Bridges(state, buses, devicesAt + LinkBytes);
        Names(state, buses);
    }

    private static void Refuse(InferenceState state, string reason)
    {
        state.Book.Refuse("pci_bus", "devices", reason);
        state.Book.Refuse("pci_dev", "bus_list", reason);
    }

    // A kobject: its name, a link to its neighbours, and what it is in, which is one too. A function's ranges have the same name, and not the rest.
    private static bool IsNamed(InferenceState state, ulong kernelObject) => PciAddress.TryParse(state.KernelObjectName(kernelObject), out PciAddress _)
        && state.Read(kernelObject, 8) is ulong neighbour && KernelBytes.LooksLikePointer(neighbour) && state.Read(neighbour, 8) == kernelObject + 8
        && state.KernelObjectName(state.Read(kernelObject, InferenceState.KernelObjectParentAt)) is not null;

    // The elements of one list of each bus, all of which name the bus behind their links; null where that does not hold.
    private static List<ulong>? Owned(InferenceState state, List<ulong> buses, int list)
    {
        List<ulong> all = [];
        foreach (ulong bus in buses)
        {
            if (state.Linked(bus + (ulong)list, MaxElements) is not { } elements || !elements.TrueForAll(element => state.Read(element, OwnerAt) == bus))
            {
                return null;
            }

            all.AddRange(elements);
        }

        return all;
    }

    // A bus behind a bridge names it, and the bridge names the bus behind the one it is on.
    private static void Bridges(InferenceState state, List<ulong> buses, int self)
    {
        const int Subordinate = OwnerAt + sizeof(ulong);
        bool holds =
            buses.TrueForAll(bus =>
                state.Read(bus, self) is ulong bridge && (bridge == 0 || (state.PciFunctions.ContainsKey(bridge) && state.Read(bridge, Subordinate) == bus)))
            && state.PciFunctions.Keys.All(function =>
                state.Read(function, Subordinate) is ulong bus && (bus == 0 || (buses.Contains(bus) && state.Read(bus, self) == function)));
        if (!holds)
        {
            state.Book.Refuse("pci_bus", "self", "buses and the bridges before them do not name each other where they always did");
            return;
        }

        const string Mutual = "every bus behind a bridge names it and is named by it; no other function or bus has any";
        state.Book.Add("pci_bus", "self", self, state.Book.PointerTo("pci_dev"), buses.Count, Mutual);
        state.Book.Add("pci_dev", "subordinate", Subordinate, state.Book.PointerTo("pci_bus"), state.PciFunctions.Count, Mutual);
    }

    // A bus is named by its domain and number, which the names of the functions on it begin with.
    private static void Names(InferenceState state, List<ulong> buses)
    {
        List<int> names = FieldSearch.Words(state.Memory, buses, MaxBusBytes, (bus, _, offset) => Number(state, bus + (ulong)offset) is not null);
        names.RemoveAll(offset => state.PciFunctions.Any(function => Number(state, state.Read(function.Key, OwnerAt) + (ulong)offset) != function.Value.Bus));
        if (names.Count != 1)
        {
            state.Book.Refuse("pci_bus", "dev", $"{names.Count} objects in buses are named by the bus's number");
            return;
        }

        state.PciBusNameAt = names[0];
        foreach (ulong bus in buses)
        {
            state.PciBuses[bus] = Number(state, bus + (ulong)names[0])!.Value;
        }
    }

    private static byte? Number(InferenceState state, ulong kernelObject) =>
        state.KernelObjectName(kernelObject) is string name && name.Split(':') is [{ Length: >= 4 }, { Length: 2 } number]
        && byte.TryParse(number, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value) ? value : null;
}
