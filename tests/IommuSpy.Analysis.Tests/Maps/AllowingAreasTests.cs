using IommuSpy.Analysis.Maps;
using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Tasks;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Tests.Maps;

/// <summary>Areas that allow something are named where no page in them shows it.</summary>
public class AllowingAreasTests
{
    private static readonly MemoryArea[] Areas = [Area(0x1000, 0x3000), Area(0x3000, 0x4000), Area(0x8000, 0x9000), Area(0x10_0000, 0x20_0000)];

    [Theory]
    [InlineData(new ulong[] { }, new[] { 0, 1, 2, 3 })]
    [InlineData(new ulong[] { 0x2000, 0x1000 }, new[] { 1, 2, 3 })]
    [InlineData(new ulong[] { 0x2000, 0x2000, 0x8000, 0x1000 }, new[] { 3 })]
    [InlineData(new ulong[] { 0x4000, 0x4000 }, new[] { 0, 1, 2, 3 })]
    [InlineData(new ulong[] { 0x0, 0x40_0000 }, new int[] { })]
    [InlineData(new ulong[] { 0x1000, 0x1000, 0x1f_f000, 0x1000 }, new[] { 1, 2 })]
    public void TheRestIsWhatNoMappingReachesInto(ulong[] mappings, int[] rest)
    {
        AllowingAreas areas = new(new KernelTask(new(0), 1, 1, "init", 0, 0, false, 'S', new(1), new(0x1000), null), Areas);
        foreach (ulong[] mapping in mappings.Chunk(2))
        {
            areas.Add(new(new(mapping[0]), mapping[1], new(0), 1, 0x1000, 1, AccessRights.Write | AccessRights.Execute, "user space"));
        }

        Assert.Equal(rest.Select(i => Areas[i]), areas.Rest);
    }

    [Theory]
    [InlineData(0UL, AccessRights.None)]
    [InlineData(1UL, AccessRights.Read)]
    [InlineData(7UL, AccessRights.Read | AccessRights.Write | AccessRights.Execute)]
    [InlineData(0x76UL, AccessRights.Write | AccessRights.Execute)]
    public void WhatAnAreaAllowsIsInItsFlags(ulong flags, AccessRights rights) => Assert.Equal(rights, (Areas[0] with { Flags = flags }).Access);

    private static MemoryArea Area(ulong start, ulong end) =>
        new(new(0), new(start), new(end), AreaFlags.Read | AreaFlags.Write | AreaFlags.Execute, 0, null, null);
}
