using System.Globalization;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure;

/// <summary>The live objects on a page of a slab that devices are let at, beside what the page was mapped for.</summary>
/// <param name="Count">How many at the least: a page is mapped once for each buffer in it, so that as many of the live objects on it may be buffers.</param>
/// <param name="HasFunctions">Whether any of them points at a function.</param>
/// <param name="First">The first of them.</param>
/// <param name="Text">Which cache, how many, and what each is as far as can be told.</param>
internal sealed record SlabNeighbours(ulong Count, bool HasFunctions, VirtualAddress? First, string Text)
{
    private const int MostFunctionsNamed = 3;
    private const int MostObjectsNamed = 8;

    /// <summary>Looks at a page.</summary>
    /// <param name="memory">What objects are.</param>
    /// <param name="slab">The slab.</param>
    /// <param name="frame">The page of it.</param>
    /// <param name="buffers">How often it is mapped as a buffer.</param>
    public static SlabNeighbours Of(IMemoryFacts memory, SlabPages slab, PageFrame frame, int buffers)
    {
        SlabObject[] live = [.. slab.ObjectsIn(frame.Address, PageFrame.Size).Where(item => item.State == SlabObjectState.Live)];
        if (live.Length <= buffers)
        {
            return new(0, HasFunctions: false, null, "");
        }

        // Where exactly as many objects are packets as the page is mapped for buffers, those are they. Else any may be.
        Dictionary<VirtualAddress, SocketBuffer> packets = [];
        foreach (SlabObject item in buffers == 0 ? [] : live)
        {
            if (memory.SocketBuffers.FirstOrDefault(buffer => buffer.Head - item.Address < slab.Cache.ObjectSize) is SocketBuffer packet)
            {
                packets[item.Address] = packet;
            }
        }

        SlabObject[] others = packets.Count == buffers ? [.. live.Where(item => !packets.ContainsKey(item.Address))] : live;
        bool functions = false;
        List<string> names = [];
        foreach (SlabObject item in others)
        {
            IReadOnlyList<string> pointed = [.. memory.FunctionPointers(slab.Cache, item).Distinct(StringComparer.Ordinal)];
            functions |= pointed.Count > 0;
            if (names.Count < MostObjectsNamed)
            {
                names.Add(Name(item, packets.GetValueOrDefault(item.Address), pointed));
            }
        }

        string which = packets.Count == buffers || buffers == 0 ? "beside the buffers"
            : buffers == 1 ? "one of them is the buffer" : string.Create(CultureInfo.InvariantCulture, $"{buffers} of them are the buffers");
        string more = others.Length > names.Count ? string.Create(CultureInfo.InvariantCulture, $" and {others.Length - names.Count} more") : "";
        return new(
            (ulong)(live.Length - buffers), functions, others[0].Address,
            string.Create(CultureInfo.InvariantCulture,
                $"slab {slab.Cache.Name}: {live.Length} live objects of {slab.Cache.ObjectSize} bytes on the page, {which}: {string.Join(", ", names)}{more}"));
    }

    private static string Name(SlabObject item, SocketBuffer? packet, IReadOnlyList<string> functions)
    {
        if (packet is not null)
        {
            return $"{item.Address} (packet of sk_buff {packet.Object})";
        }

        string more = functions.Count > MostFunctionsNamed ? string.Create(CultureInfo.InvariantCulture, $" and {functions.Count - MostFunctionsNamed} more")
            : "";
        return functions.Count == 0 ? item.Address.ToString()
            : $"{item.Address} (points at functions: {string.Join(", ", functions.Take(MostFunctionsNamed))}{more})";
    }
}
