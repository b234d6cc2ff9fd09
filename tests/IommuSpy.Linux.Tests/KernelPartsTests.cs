using IommuSpy.Linux.Tests.Objects;
using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Tests;

/// <summary>What a kernel keeps, or why it is not there.</summary>
public class KernelPartsTests
{
    private const string NoTypes = "this kernel carries no BTF in its image (kernels do since 5.2)";

    [Fact]
    public void WhereNothingDescribesTheTypesEveryPartSaysWhy()
    {
        using ObjectMachine machine = new("init_task");
        KernelParts parts = new(machine.Objects(new TestTypes()).Kernel, TypeSource.Btf);
        string?[] absences =
        [
            parts.Objects.Absence, parts.Modules.Absence, parts.Vmalloc.Absence, parts.Pci.Absence, parts.Tasks.Absence, parts.Stacks.Absence,
            parts.Pages.Absence, parts.PageFiles.Absence, parts.SwapDevices.Absence, parts.Zones.Absence, parts.Slabs.Absence,
        ];
        Assert.All(absences, absence => Assert.Equal(NoTypes, absence));
        Assert.Null(parts.Tasks.Value);
        Assert.False(parts.Tasks.TryGet(out _, out string? why));
        Assert.Equal(NoTypes, why);
        Assert.Equal(NoTypes, Assert.Throws<MissingTypeException>(() => parts.Tasks.Required).Message);
        Assert.Empty(parts.OwnersOf(machine.Roots[0]));
        Assert.NotEmpty(parts.Layout.Regions);
    }

    [Fact]
    public void APartIsReadOnce()
    {
        int readings = 0;
        Part<string> part = Part.Read(() => $"reading {++readings}");
        Assert.Equal("reading 1", part.Required);
        Assert.Equal("reading 1", part.Value);
        Assert.Null(part.Absence);
    }

    [Fact]
    public void OnlyAMissingTypeIsAnAbsence() =>
        Assert.Throws<InvalidOperationException>(() => Part.Read<string>(() => throw new InvalidOperationException("a fault of ours")));
}
