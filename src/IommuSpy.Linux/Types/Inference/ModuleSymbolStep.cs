using System.Buffers;

namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// Where a module keeps its symbols: pointers to an ELF symbol table and its strings, with the count between them; since 4.5 in a structure inside struct
/// module that a pointer leads to, before in struct module itself (include/linux/module.h).
/// </summary>
internal static class ModuleSymbolStep
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

    public static void Run(InferenceState state)
    {
        List<ulong> modules = state.Modules;
        if (modules.Count == 0)
        {
            return;
        }

        List<int> pointers = FieldSearch.Words(state.Memory, modules, MaxModuleBytes,
            (module, value, _) => value - module < MaxModuleBytes && IsTable(state, value, Own));
        List<int> fields = FieldSearch.Words(state.Memory, modules, MaxModuleBytes, (module, _, offset) => IsTable(state, module + (ulong)offset, Paired));
        if (pointers.Count + fields.Count != 1)
        {
            state.Book.Refuse("module", "kallsyms",
                $"{pointers.Count} pointers of modules lead to a table of symbols inside them, and {fields.Count} fields are one");
            return;
        }

        const string Table = "of every module, a table that begins with an empty symbol but for its letter, and whose others have printable names in "
            + "the strings";
        LayoutBook book = state.Book;
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
        if (pointers.Count == 1 && modules.TrueForAll(module => HasLetters(state, state.Read(module, pointers[0]))))
        {
            book.Add(tag, "typetab", LettersAt, LayoutBook.Pointer, modules.Count, "of every symbol but the first, a letter of nm");
        }
    }

    private static bool IsTable(InferenceState state, ulong at, (int Count, int Strings) layout)
    {
        ulong table = state.Read(at, 0);
        uint count = (uint)state.Read(at, layout.Count);
        ulong strings = state.Read(at, layout.Strings);
        if (!state.Memory.IsPointer(table) || !KernelBytes.LooksLikeAddress(strings) || count is < 2 or > MaxSymbols
            || (state.Read(table, 0) & ~LetterOfFirst) != 0 || state.Read(table, 8) != 0
            || (byte)state.Memory.WordOrZero(strings) != 0)
        {
            return false;
        }

        for (int i = 1; i < count && i < LookedAt; i++)
        {
            uint name = (uint)state.Read(table, i * SymbolBytes);
            if (name >= MaxStringBytes || (name != 0 && state.Text(strings + name) is null))
            {
                return false;
            }
        }

        return true;
    }

    private static bool HasLetters(InferenceState state, ulong holder)
    {
        ulong letters = state.Read(holder, LettersAt);
        int count = (int)Math.Min((uint)state.Read(holder, Own.Count), LookedAt);
        ReadOnlySpan<byte> bytes = KernelBytes.LooksLikeAddress(letters) ? state.Memory.At(letters, count) : default;
        return bytes.Length == count && bytes[1..].IndexOfAnyExcept(NmLetters) < 0;
    }
}
