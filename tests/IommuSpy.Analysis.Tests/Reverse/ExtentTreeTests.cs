using CsCheck;
using IommuSpy.Analysis.Reverse;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Tests.Reverse;

/// <summary>The tree against looking at every extent.</summary>
public class ExtentTreeTests
{
    private const int Frames = 200;

    private static readonly Gen<MappedExtent[]> Extents =
        Gen.Select(Gen.ULong[0, Frames], Gen.ULong[1, 60], Gen.Int[0, 5], Gen.ULong[0, 1000])
            .Select((frame, frames, space, page) => new MappedExtent(frame, page << 12, (uint)frames, space, 12, (byte)AccessRights.Read, false))
            .Array[0, 60];

    [Fact]
    public void Finds_what_a_look_at_every_extent_finds_in_the_same_order() => Extents.Sample(extents =>
    {
        ExtentTree tree = new([.. extents]);
        for (ulong frame = 0; frame < Frames + 70; frame++)
        {
            List<MappedExtent> found = [];
            tree.Find(frame, found);
            Assert.Equal(extents.Where(extent => extent.Frame <= frame && frame < extent.EndFrame).OrderBy(extent => extent.Frame)
                .ThenBy(extent => extent.Space).ThenBy(extent => extent.Virtual), found);
        }
    });
}
