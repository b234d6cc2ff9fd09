using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Code;

/// <summary>What somebody has registered with the function tracer (include/linux/ftrace.h, struct ftrace_ops).</summary>
/// <param name="Object">Its struct ftrace_ops.</param>
/// <param name="Callback">What is called.</param>
/// <param name="Trampoline">The code made for it through which it is called, and its bytes; null for none.</param>
/// <param name="Functions">The places that it is called at, one in each function; null for every function that can be traced.</param>
internal sealed record TracerHook(
    VirtualAddress Object, VirtualAddress Callback, (VirtualAddress Start, ulong Length)? Trampoline, IReadOnlyList<VirtualAddress>? Functions)
{
    private const int MostHooks = 4096;
    private const int MostBucketBits = 12;
    private const long MostFunctions = 1 << 20;

    /// <summary>All that are registered: ftrace_ops_list (kernel/trace/ftrace.c).</summary>
    /// <param name="objects">The kernel's structures.</param>
    /// <param name="damage">Gets a line for each list that cannot be followed.</param>
    public static IReadOnlyList<TracerHook> Read(KernelObjects objects, ICollection<string> damage)
    {
        KernelTypes types = objects.Types;
        if (objects.Variable("ftrace_ops_list") is not VirtualAddress first || objects.Variable("ftrace_list_end") is not VirtualAddress end
            || types.FindField("ftrace_ops", "func") is not Field callback || types.FindField("ftrace_ops", "next") is not Field next)
        {
            return [];
        }

        Field? saved = types.FindField("ftrace_ops", "saved_func");
        Field? direct = types.FindField("ftrace_ops", "direct_call");
        Field? trampoline = types.FindField("ftrace_ops", "trampoline");
        Field? length = types.FindField("ftrace_ops", "trampoline_size");
        List<TracerHook> hooks = [];
        HashSet<VirtualAddress> seen = [];
        for (VirtualAddress? at = objects.Pointer(first); at is VirtualAddress one && one != end; at = objects.Pointer(one, next))
        {
            if (!seen.Add(one) || seen.Count > MostHooks)
            {
                string how = seen.Count > MostHooks ? "does not end" : "runs in a circle";
                damage.Add($"the list of what is registered with the function tracer {how} at {one}");
                break;
            }

            if (objects.Pointer(one, callback) is not VirtualAddress called)
            {
                damage.Add($"the list of what is registered with the function tracer leads to {one}, which calls nothing or cannot be read");
                break;
            }

            // What is called in the end, rather than the wrappers that the kernel puts before it.
            hooks.Add(new(one, objects.Pointer(one, direct) ?? objects.Pointer(one, saved) ?? called,
                objects.Pointer(one, trampoline) is VirtualAddress code && objects.Read(one, length) is ulong bytes and > 0 ? (code, bytes) : null,
                FunctionsOf(objects, one, damage)));
        }

        return hooks;
    }

    // An empty table of functions to be called at stands for all of them.
    private static List<VirtualAddress>? FunctionsOf(KernelObjects objects, VirtualAddress ops, ICollection<string> damage)
    {
        KernelTypes types = objects.Types;
        if (HashOf(objects, ops) is not VirtualAddress hash || types.FindField("ftrace_func_entry", "ip") is not Field place
            || types.FindField("ftrace_func_entry", "hlist") is not Field link || objects.Read(hash, types.FindField("ftrace_hash", "count")) is not > 0
            || objects.Read(hash, types.FindField("ftrace_hash", "size_bits")) is not (ulong bits and <= MostBucketBits)
            || objects.Pointer(hash, types.FindField("ftrace_hash", "buckets")) is not VirtualAddress buckets)
        {
            return null;
        }

        List<VirtualAddress> functions = [];
        for (int bucket = 0; bucket < 1 << (int)bits && functions.Count < MostFunctions; bucket++)
        {
            HashList its = HashList.Read(objects, buckets + ((ulong)bucket * sizeof(ulong)), link.Offset);
            if (its.Damage is string line)
            {
                damage.Add($"the functions that {ops} is called at: {line}");
            }

            functions.AddRange(its.Elements.Select(entry => objects.Pointer(entry, place)).OfType<VirtualAddress>());
        }

        functions.Sort((one, other) => one.Value.CompareTo(other.Value));
        return functions;
    }

    // Since 3.18 behind a pointer; a member of its own before.
    private static VirtualAddress? HashOf(KernelObjects objects, VirtualAddress ops) =>
        objects.Types.FindField("ftrace_ops", "func_hash") is Field shared
            ? objects.Pointer(ops, shared) is VirtualAddress its ? objects.Pointer(its, objects.Types.FindField("ftrace_ops_hash", "filter_hash")) : null
            : objects.Pointer(ops, objects.Types.FindField("ftrace_ops", "filter_hash"));
}
