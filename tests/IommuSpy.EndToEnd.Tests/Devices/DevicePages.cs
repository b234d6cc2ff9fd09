using IommuSpy.Analysis.Dma;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;

namespace IommuSpy.EndToEnd.Tests.Devices;

/// <summary>Every page that a device's tables map, by a plain walk.</summary>
internal static class DevicePages
{
    public static IReadOnlyList<(ulong Iova, ulong Physical)> Of(MachineDevice device)
    {
        Collector collector = new([]);
        foreach (DeviceContext context in device.Contexts)
        {
            context.Space?.Visit(ref collector);
        }

        return collector.Pages;
    }

    private readonly struct Collector(List<(ulong Iova, ulong Physical)> pages) : IIoLeafVisitor
    {
        public List<(ulong Iova, ulong Physical)> Pages => pages;

        public void Leaf(in IoLeaf leaf)
        {
            for (ulong at = 0; leaf.Rights != AccessRights.None && at < leaf.Length; at += 4096)
            {
                pages.Add((leaf.Address.Value + at, leaf.Physical.Value + at));
            }
        }
    }
}
