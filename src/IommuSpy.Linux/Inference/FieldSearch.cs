using System.Buffers.Binary;

namespace IommuSpy.Linux.Inference;

/// <summary>Finds the offsets at which something holds for every object.</summary>
internal static class FieldSearch
{
    /// <summary>Whether it holds for an object.</summary>
    /// <param name="instance">Where the object is.</param>
    /// <param name="value">What stands at the offset.</param>
    /// <param name="offset">The offset.</param>
    public delegate bool Test(ulong instance, ulong value, int offset);

    /// <summary>The offsets of words of 8 bytes at which a test holds for all of the objects; none where one of them cannot be read.</summary>
    public static List<int> Words(KernelBytes memory, IReadOnlyList<ulong> objects, int bytes, Test test) =>
        Search(memory, objects, All(bytes, sizeof(ulong)), sizeof(ulong), test);

    /// <summary>The same for some of the offsets.</summary>
    public static List<int> Words(KernelBytes memory, IReadOnlyList<ulong> objects, IEnumerable<int> offsets, Test test) =>
        Search(memory, objects, [.. offsets], sizeof(ulong), test);

    /// <summary>The offsets of words of 4 bytes at which a test holds for all of the objects.</summary>
    public static List<int> HalfWords(KernelBytes memory, IReadOnlyList<ulong> objects, int bytes, Test test) =>
        Search(memory, objects, All(bytes, sizeof(uint)), sizeof(uint), test);

    /// <summary>The same for some of the offsets.</summary>
    public static List<int> HalfWords(KernelBytes memory, IReadOnlyList<ulong> objects, IEnumerable<int> offsets, Test test) =>
        Search(memory, objects, [.. offsets], sizeof(uint), test);

    /// <summary>The least distance between two objects of a kind, which none of them exceeds; <paramref name="most"/> where it is more.</summary>
    public static int LeastDistance(IEnumerable<ulong> objects, int most)
    {
        ulong least = (ulong)most;
        ulong? before = null;
        foreach (ulong address in objects.Order())
        {
            if (before is ulong previous && address > previous)
            {
                least = Math.Min(least, address - previous);
            }

            before = address;
        }

        return (int)least;
    }

    private static List<int> All(int bytes, int size)
    {
        List<int> offsets = new(bytes / size);
        for (int offset = 0; offset + size <= bytes; offset += size)
        {
            offsets.Add(offset);
        }

        return offsets;
    }

    private static List<int> Search(KernelBytes memory, IReadOnlyList<ulong> objects, List<int> left, int size, Test test)
    {
        // The test may read other objects: values are taken out before it is asked.
        ulong[] values = new ulong[left.Count];
        foreach (ulong instance in objects)
        {
            if (left.Count == 0)
            {
                break;
            }

            ReadOnlySpan<byte> bytes = memory.At(instance, left[^1] + size);
            int readable = 0;
            for (; readable < left.Count && left[readable] + size <= bytes.Length; readable++)
            {
                ReadOnlySpan<byte> at = bytes[left[readable]..];
                values[readable] = size == sizeof(ulong) ? BinaryPrimitives.ReadUInt64LittleEndian(at) : BinaryPrimitives.ReadUInt32LittleEndian(at);
            }

            int kept = 0;
            for (int i = 0; i < readable; i++)
            {
                if (test(instance, values[i], left[i]))
                {
                    left[kept++] = left[i];
                }
            }

            left.RemoveRange(kept, left.Count - kept);
        }

        return objects.Count == 0 ? [] : left;
    }
}
