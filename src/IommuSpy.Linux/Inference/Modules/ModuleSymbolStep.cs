using System.Buffers;

namespace IommuSpy.Linux.Inference.Modules;

/// <summary>
/// Where a module keeps its symbols: pointers to an ELF symbol table and its strings, with the count between them; since 4.5 in a structure inside struct
/// module that a pointer leads to, before in struct module itself (include/linux/module.h).
/// </summary>
internal sealed class ModuleSymbolStep : InferenceStep<ModuleSet, FieldsOnly>
{
    private const int MaxModuleBytes = 2048;
    private const int SymbolBytes = 24; // Elf64_Sym
    private const uint MaxSymbols = 1 << 20;
    private const uint MaxStringBytes = 1 << 26;
    private const int LookedAt = 64;
    private const int LettersAt = 24;

    // st_info of the first symbol, which is empty: until 5.0 the kernel kept nm's letter there.
    private const ulong LetterOfFirst = 0xffUL << 32;

    // symtab, num_symtab, strtab: side by side in a structure of their own; in pairs of what stays and what is for loading alone before.
    private static readonly (int Count, int Strings) Own = (8, 16);
    private static readonly (int Count, int Strings) Paired = (16, 24);

    private static readonly SearchValues<byte> NmLetters = SearchValues.Create("ABCDGNRSTUVWabcdgnrstuvw?-"u8);

    /// <inheritdoc/>
    public override string Subject => "the symbols of modules";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["module.kallsyms"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, ModuleSet known)
    {
        List<ulong> modules = known.All;
        List<int> pointers = FieldSearch.Words(context.Memory, modules, MaxModuleBytes,
            (module, value, _) => value - module < MaxModuleBytes && IsTable(context, value, Own));
        List<int> fields = FieldSearch.Words(context.Memory, modules, MaxModuleBytes, (module, _, offset) => IsTable(context, module + (ulong)offset, Paired));
        if (pointers.Count + fields.Count != 1)
        {
            return Part.Absent($"{pointers.Count} pointers of modules lead to a table of symbols inside them, and {fields.Count} fields are one");
        }

        const string Table = "of every module, a table that begins with an empty symbol but for its letter, and whose others have printable names in "
            + "the strings";
        LayoutBook book = context.Book;
        string tag = "module";
        int first = 0;
        (int count, int strings) = Own;
        if (pointers.Count == 1)
        {
            tag = "mod_kallsyms";
            book.Add("module", "kallsyms", pointers[0], book.PointerTo(tag), modules.Count, Table);
        }
        else
        {
            first = fields[0];
            (count, strings) = Paired;
        }

        book.Add(tag, "symtab", first, LayoutBook.Pointer, modules.Count, Table);
        book.Add(tag, "num_symtab", first + count, LayoutBook.UnsignedInt, modules.Count, Table);
        book.Add(tag, "strtab", first + strings, LayoutBook.Pointer, modules.Count, Table);
        if (pointers.Count == 1 && modules.TrueForAll(module => HasLetters(context, context.Read(module, pointers[0]))))
        {
            book.Add(tag, "typetab", LettersAt, LayoutBook.Pointer, modules.Count, "of every symbol but the first, a letter of nm");
        }

        return FieldsOnly.Done;
    }

    private static bool IsTable(InferenceContext context, ulong at, (int Count, int Strings) layout)
    {
        ulong table = context.Read(at, 0);
        uint count = (uint)context.Read(at, layout.Count);
        ulong strings = context.Read(at, layout.Strings);
        if (!context.Memory.IsPointer(table) || !KernelBytes.LooksLikeAddress(strings) || count is < 2 or > MaxSymbols
            || (context.Read(table, 0) & ~LetterOfFirst) != 0 || context.Read(table, 8) != 0
            || (byte)context.Memory.WordOrZero(strings) != 0)
        {
            return false;
        }

        for (int i = 1; i < count && i < LookedAt; i++)
        {
            uint name = (uint)context.Read(table, i * SymbolBytes);
            if (name >= MaxStringBytes || (name != 0 && context.Text(strings + name) is null))
            {
                return false;
            }
        }

        return true;
    }

    private static bool HasLetters(InferenceContext context, ulong holder)
    {
        ulong letters = context.Read(holder, LettersAt);
        int count = (int)Math.Min((uint)context.Read(holder, Own.Count), LookedAt);
        ReadOnlySpan<byte> bytes = KernelBytes.LooksLikeAddress(letters) ? context.Memory.At(letters, count) : default;
        return bytes.Length == count && bytes[1..].IndexOfAnyExcept(NmLetters) < 0;
    }
}
