using IommuSpy.Linux.Kallsyms;

namespace IommuSpy.Linux.Paging;

/// <summary>
/// What the 32 swap types mean to one kernel. The lowest are swap devices; how many types at the top mean something else differs with
/// release and configuration (include/linux/swap.h, MAX_SWAPFILES), so it is read off the kernel's own arrays.
/// </summary>
/// <param name="Devices">How many types are swap devices: MAX_SWAPFILES; null where nothing tells.</param>
/// <param name="Special">What the types from there on mean, in order.</param>
public sealed record SwapTypes(int? Devices, IReadOnlyList<NonPresentKind> Special)
{
    // MAX_SWAPFILES was never smaller than this: types below are swap devices on every kernel.
    private const int FewestDevices = 22;

    /// <summary>Nothing is known of the kernel.</summary>
    public static SwapTypes Unknown { get; } = new(null, []);

    /// <summary>Reads the meaning off a kernel's symbols.</summary>
    public static SwapTypes Of(SymbolTable? symbols)
    {
        // Arrays of MAX_SWAPFILES pointers; the next symbol bounds their size. The smaller bound is the better one.
        ulong?[] sizes = [SizeOf(symbols, "swap_info"), SizeOf(symbols, "swapper_spaces")];
        if (sizes.Min() is not ulong bytes)
        {
            return Unknown;
        }

        // 27 occurs twice. What tells them apart came with 6.1, between the releases of the one and of the other.
        bool since61 = symbols!.TryFind("swap_migration_ad_supported", out _);
        ulong devices = bytes / sizeof(ulong);
        NonPresentKind[]? special = devices switch
        {
            31 => [Poison],
            30 => [Moving, Moving],
            29 => [Poison, Moving, Moving],
            27 when !since61 => [Poison, Moving, Moving, Device, Device],
            27 => [Poison, Moving, Moving, Moving, Marker],
            26 => [Poison, Moving, Moving, Moving, Marker, NonPresentKind.SwapInError],
            25 => [Poison, Moving, Moving, Device, Device, Exclusive, Exclusive],
            24 => [Poison, Moving, Moving, Moving, Device, Device, Exclusive, Marker],
            23 => [Poison, Moving, Moving, Moving, Device, Device, Exclusive, Exclusive, Marker],
            22 => [Poison, Moving, Moving, Moving, Device, Device, Exclusive, Exclusive, Marker, NonPresentKind.SwapInError],
            _ => null,
        };
        return special is null ? Unknown : new((int)devices, special);
    }

    /// <summary>What a type means.</summary>
    /// <param name="type">0 to 31.</param>
    public NonPresentKind KindOf(int type)
    {
        if (type < (Devices ?? FewestDevices))
        {
            return NonPresentKind.Swap;
        }

        int special = type - (Devices ?? type + 1);
        return special >= 0 && special < Special.Count ? Special[special] : NonPresentKind.Special;
    }

    private const NonPresentKind Poison = NonPresentKind.HardwarePoison;
    private const NonPresentKind Moving = NonPresentKind.Migration;
    private const NonPresentKind Device = NonPresentKind.DevicePrivate;
    private const NonPresentKind Exclusive = NonPresentKind.DeviceExclusive;
    private const NonPresentKind Marker = NonPresentKind.Marker;

    private static ulong? SizeOf(SymbolTable? symbols, string name) =>
        symbols is not null && symbols.TryFind(name, out Symbol symbol) ? symbols.At(symbol.Address)?.Size : null;
}
