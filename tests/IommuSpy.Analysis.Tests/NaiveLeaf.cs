using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Tests;

/// <summary>A leaf, found the slow and simple way.</summary>
/// <param name="Virtual">First address.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Physical">First byte's physical address.</param>
/// <param name="Rights">What all levels let through.</param>
public sealed record NaiveLeaf(ulong Virtual, ulong Size, ulong Physical, AccessRights Rights)
{
    /// <summary>Every leaf of a 4-level space, by four loops over entries read one by one. Shares nothing with the walker.</summary>
    public static IReadOnlyList<NaiveLeaf> All(PhysicalMemory memory, PhysicalAddress root)
    {
        List<NaiveLeaf> leaves = [];
        Walk(memory, root.Value, 4, 0, writable: true, user: true, noExecute: false, leaves);
        return leaves;
    }

    private static void Walk(PhysicalMemory memory, ulong table, int level, ulong at, bool writable, bool user, bool noExecute, List<NaiveLeaf> leaves)
    {
        for (ulong i = 0; i < 512; i++)
        {
            if (!memory.TryRead(new(table + (i * 8)), out ulong entry) || entry % 2 == 0)
            {
                continue;
            }

            ulong size = level switch { 4 => 1UL << 39, 3 => 1UL << 30, 2 => 1UL << 21, _ => 4096 };
            ulong address = at + (i * size);
            bool w = writable && (entry & 2) != 0;
            bool u = user && (entry & 4) != 0;
            bool nx = noExecute || entry >> 63 == 1;
            ulong target = entry & 0x000f_ffff_ffff_f000;
            if (level == 1 || (level < 4 && (entry & 0x80) != 0))
            {
                AccessRights rights = AccessRights.Read
                    | (w ? AccessRights.Write : AccessRights.None)
                    | (u ? AccessRights.User : AccessRights.None)
                    | (nx ? AccessRights.None : AccessRights.Execute);
                leaves.Add(new(address < 1UL << 47 ? address : address | 0xffff_0000_0000_0000, size, target / size * size, rights));
            }
            else
            {
                Walk(memory, target, level - 1, address, w, u, nx, leaves);
            }
        }
    }
}
