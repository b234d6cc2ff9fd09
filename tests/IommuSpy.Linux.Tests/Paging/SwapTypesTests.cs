using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Paging;

/// <summary>What swap types mean to a kernel, by the size of swap_info in its image.</summary>
public class SwapTypesTests
{
    private const string Poison = "HardwarePoison";
    private const string Move = "Migration";

    [Theory]
    [InlineData("3.16.59", 29, $"{Poison} {Move} {Move}")]
    [InlineData("3.16.59", 30, $"{Move} {Move}")]
    [InlineData("3.16.59", 31, Poison)]
    [InlineData("4.19.0", 27, $"{Poison} {Move} {Move} DevicePrivate DevicePrivate")]
    [InlineData("5.15.0", 25, $"{Poison} {Move} {Move} DevicePrivate DevicePrivate DeviceExclusive DeviceExclusive")]
    [InlineData("6.1.0", 22, $"{Poison} {Move} {Move} {Move} DevicePrivate DevicePrivate DeviceExclusive DeviceExclusive Marker SwapInError")]
    [InlineData("6.1.0", 26, $"{Poison} {Move} {Move} {Move} Marker SwapInError")]
    [InlineData("6.12.0", 23, $"{Poison} {Move} {Move} {Move} DevicePrivate DevicePrivate DeviceExclusive DeviceExclusive Marker")]
    [InlineData("6.18.0", 24, $"{Poison} {Move} {Move} {Move} DevicePrivate DevicePrivate DeviceExclusive Marker")]
    public void EachFamilyNamesItsTypes(string release, int devices, string special)
    {
        SwapTypes types = Of(new() { Release = release, SwapFiles = devices });
        string[] names = [.. special.Split(' ')];
        Assert.Equal(32, devices + names.Length);
        Assert.Equal([.. Enumerable.Repeat("Swap", devices), .. names], Enumerable.Range(0, 32).Select(type => types.KindOf(type).ToString()));
    }

    [Fact]
    public void WithoutTheArrayTypesAtTheTopAreSpecialAndNoneIsNamed()
    {
        SwapTypes types = Of(new() { ListsVariables = false });
        Assert.Equal([.. Enumerable.Repeat(NonPresentKind.Swap, 22), .. Enumerable.Repeat(NonPresentKind.Special, 10)],
            Enumerable.Range(0, 32).Select(types.KindOf));
    }

    private static SwapTypes Of(KernelBuilder made)
    {
        using BuiltMachine machine = BuiltMachine.Raw(made);
        return SwapTypes.Of(machine.Discover().Kallsyms?.Symbols);
    }
}
