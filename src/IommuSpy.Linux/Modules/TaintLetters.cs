using System.Text;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Modules;

/// <summary>
/// The letter of each way to taint the kernel that a module can be guilty of (kernel/panic.c, taint_flags): the kernel's own table, and where it cannot be
/// read, the documented letters.
/// </summary>
internal sealed class TaintLetters
{
    private const int MaxFlags = 64;

    // Documentation/admin-guide/tainted-kernels.rst; those that belong to modules.
    private static readonly Dictionary<int, char> Documented = new()
    {
        [0] = 'P',
        [1] = 'F',
        [10] = 'C',
        [12] = 'O',
        [13] = 'E',
        [15] = 'K',
        [16] = 'X',
        [17] = 'T',
        [18] = 'N',
    };

    private readonly Dictionary<int, char> _letters;

    private TaintLetters(Dictionary<int, char> letters) => _letters = letters;

    public static TaintLetters Read(KernelObjects objects)
    {
        Dictionary<int, char> letters = [];
        if (objects.Variable("taint_flags") is VirtualAddress table && objects.Types.FindStruct("taint_flag") is StructType flag
            && flag.Find("c_true") is Field letter && flag.Find("module") is Field isModules)
        {
            // Bits above the table's end read as what follows it: only those that are documented here are new kernels' to extend.
            for (int bit = 0; bit < MaxFlags && objects.Read(table + ((ulong)bit * flag.Bytes), letter) is ulong code and >= 'A' and <= 'Z'; bit++)
            {
                if (objects.Read(table + ((ulong)bit * flag.Bytes), isModules) == 1)
                {
                    letters[bit] = (char)code;
                }
            }
        }

        return new(letters.Count > 0 ? letters : Documented);
    }

    public string Of(ulong taints)
    {
        StringBuilder text = new();
        for (int bit = 0; bit < MaxFlags; bit++)
        {
            if ((taints & (1UL << bit)) != 0 && _letters.TryGetValue(bit, out char letter))
            {
                text.Append(letter);
            }
        }

        return text.ToString();
    }
}
