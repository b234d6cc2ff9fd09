using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Inference.Modules;

/// <summary>
/// struct module: the list that the symbol modules heads, names on it, and where each module's memory is: a run that holds the module's own structure, that is
/// mapped to its last page and not beyond.
/// </summary>
internal sealed class ModuleStep : InferenceStep<ModuleSet>
{
    private const int ListAt = 8; // behind the state, in every release
    private const int NameAt = ListAt + 16;
    private const int NameBytes = 56; // MODULE_NAME_LEN
    private const int MaxModules = 1 << 16;
    private const int MaxModuleBytes = 2048;
    private const ulong MaxRunBytes = 1UL << 28;

    // enum mod_mem_type, the same since 6.4: the second holds struct module.
    private static readonly string[] MemoryKinds = ["MOD_TEXT", "MOD_DATA", "MOD_RODATA", "MOD_RO_AFTER_INIT", "MOD_INIT_TEXT", "MOD_INIT_DATA",
        "MOD_INIT_RODATA"];

    // module_memory.size: behind the pointer, and behind is_rox too since 6.13.
    private static readonly int[] SizesAt = [8, 12];

    /// <inheritdoc/>
    public override string Subject => "the modules";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["module.list"];

    /// <inheritdoc/>
    public override Part<ModuleSet> Infer(InferenceContext context)
    {
        if (context.SymbolAddress("modules") is not ulong head)
        {
            return Part.Absent("no symbol modules");
        }

        List<ulong> modules = [.. (context.Linked(head, MaxModules) ?? []).Select(link => link - ListAt)];
        if (modules.Count == 0 || !modules.TrueForAll(module => IsModule(context, module)))
        {
            return Part.Absent("the list that the symbol modules heads is empty, damaged, or links other things");
        }

        const string Listed = "linked from the symbol modules with agreeing back links; a state below 4 before it, a module's name behind it";
        LayoutBook book = context.Book;
        book.Add("module", "state", 0, LayoutBook.UnsignedInt, modules.Count, Listed, InferenceConfidence.Confirmed);
        book.Add("module", "list", ListAt, book.Struct("list_head"), modules.Count, Listed, InferenceConfidence.Confirmed);
        book.Add("module", "name", NameAt, LayoutBook.Characters(NameBytes), modules.Count, Listed, InferenceConfidence.Confirmed);
        Memory(context, modules);
        Users(context, modules);
        return new ModuleSet(modules);
    }

    private static bool IsModule(InferenceContext context, ulong module)
    {
        ReadOnlySpan<byte> name = context.Memory.At(module + NameAt, NameBytes);
        int end = name.IndexOf((byte)0);
        bool named = end > 0 && name[..end].IndexOfAnyExceptInRange((byte)'!', (byte)'~') < 0;
        return named && (uint)context.Read(module, 0) < 4;
    }

    private static void Memory(InferenceContext context, List<ulong> modules)
    {
        List<int> starts = FieldSearch.Words(context.Memory, modules, MaxModuleBytes,
            (_, value, _) => value % PageFrame.Size == 0 && context.IsStatic(value) && !context.Kernel.Text.Contains(new(value)));
        List<int> layouts = [.. starts.Where(start => modules.TrueForAll(module => Holds(context, module, start, start + 8)
            && Half(context, module, start + 12) <= Half(context, module, start + 16)
            && Half(context, module, start + 16) <= Half(context, module, start + 8)))];
        List<int> old =
            [.. starts.Where(start =>
                modules.TrueForAll(module =>
                    Holds(context, module, start, start + 12) && Half(context, module, start + 20) <= Half(context, module, start + 12)))];
        List<(int First, int Stride, int Size)> arrays = [.. from first in starts from second in starts from size in SizesAt
            where second > first + 12 && second - first <= 128
                && modules.TrueForAll(module => IsRun(context, module, first, first + size, alone: false) && Holds(context, module, second, second + size))
            select (first, second - first, size)];
        if (layouts.Count + old.Count + arrays.Count != 1)
        {
            context.Book.Refuse("module", "mem", $"{layouts.Count + old.Count + arrays.Count} ways to say where each module's memory is");
            return;
        }

        LayoutBook book = context.Book;
        const string Run = "a run in module space that holds struct module itself, is mapped to its last page and not beyond";
        if (layouts.Count == 1)
        {
            string[] sizes = ["size", "text_size", "ro_size", "ro_after_init_size"];
            book.Add("module_layout", "base", 0, LayoutBook.Pointer, modules.Count, Run);
            for (int i = 0; i < sizes.Length; i++)
            {
                bool holds = i < 3 || modules.TrueForAll(module => Half(context, module, layouts[0] + 16) <= Half(context, module, layouts[0] + 20)
                    && Half(context, module, layouts[0] + 20) <= Half(context, module, layouts[0] + 8));
                if (holds)
                {
                    book.Add("module_layout", sizes[i], 8 + (i * sizeof(uint)), LayoutBook.UnsignedInt, modules.Count,
                        "declared in this order: ascending, and none more than the whole", InferenceConfidence.Confirmed);
                }
            }

            book.Add("module", "core_layout", layouts[0], book.Struct("module_layout"), modules.Count, Run);
        }
        else if (old.Count == 1)
        {
            // Pointers to what is freed after loading and to what stays, then the sizes of both, then of their text.
            book.Add("module", "module_core", old[0], LayoutBook.Pointer, modules.Count, Run);
            book.Add("module", "core_size", old[0] + 12, LayoutBook.UnsignedInt, modules.Count, Run);
            book.Add("module", "core_text_size", old[0] + 20, LayoutBook.UnsignedInt, modules.Count, "declared behind core_size, and not more",
                InferenceConfidence.Confirmed);
        }
        else
        {
            (int first, int stride, int size) = arrays[0];
            book.Size("module_memory", (ulong)stride);
            book.Add("module_memory", "base", 0, LayoutBook.Pointer, modules.Count, Run);
            book.Add("module_memory", "size", size, LayoutBook.UnsignedInt, modules.Count, Run);
            book.Enumeration("mod_mem_type", [.. MemoryKinds.Select((name, i) => new Enumerator(name, i))]);
            book.Add("module", "mem", first, new ArrayType(() => book.Struct("module_memory"), (ulong)MemoryKinds.Length), modules.Count,
                "runs in module space, all mapped, of which the second holds struct module itself and is not mapped beyond its last page");
        }
    }

    // module_use: links among what uses a module and what it uses, then the user and the used (kernel/module/internal.h).
    private static void Users(InferenceContext context, List<ulong> modules)
    {
        HashSet<ulong> known = [.. modules];
        List<int> lists = FieldSearch.Words(context.Memory, modules, MaxModuleBytes, (module, _, offset) =>
            context.Linked(module + (ulong)offset, MaxModules) is { } uses
                && uses.TrueForAll(use => known.Contains(context.Read(use, 32)) && context.Read(use, 40) == module));
        lists.RemoveAll(offset => modules.TrueForAll(module => context.Read(module, offset) == module + (ulong)offset));
        if (lists.Count != 1)
        {
            context.Book.Refuse("module", "source_list", $"{lists.Count} lists link who uses each module");
            return;
        }

        const string Invariant = "of every module, a list of uses that name it as what is used and a module of the list as its user";
        context.Book.Add("module", "source_list", lists[0], context.Book.Struct("list_head"), modules.Count, Invariant);
        context.Book.Add("module_use", "source_list", 0, context.Book.Struct("list_head"), modules.Count, Invariant);
        context.Book.Add("module_use", "source", 32, context.Book.PointerTo("module"), modules.Count, Invariant);
        context.Book.Add("module_use", "target", 40, context.Book.PointerTo("module"), modules.Count, Invariant);
    }

    private static ulong Half(InferenceContext context, ulong module, int offset) => (uint)context.Read(module, offset);

    // Mapped from its first page to its last, and not beyond. Text of several modules may share a large page since 6.13, and has neighbours then.
    private static bool IsRun(InferenceContext context, ulong module, int start, int size, bool alone = true)
    {
        ulong first = context.Read(module, start);
        ulong bytes = Half(context, module, size);
        ulong end = (first + bytes + PageFrame.Size - 1) & ~(PageFrame.Size - 1UL);
        return bytes is > 0 and < MaxRunBytes && context.Memory.IsPointer(first) && context.Memory.IsPointer(end - PageFrame.Size)
            && !(alone && context.Memory.IsPointer(end));
    }

    private static bool Holds(InferenceContext context, ulong module, int start, int size) =>
        IsRun(context, module, start, size) && module - context.Read(module, start) < Half(context, module, size);
}
