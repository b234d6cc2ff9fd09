using System.Buffers.Binary;
using System.Text;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Modules;

/// <summary>
/// Reads a module's symbols: an ELF symbol table and its strings, which the kernel keeps of the module's file (kernel/module/kallsyms.c). nm's letters stand in
/// a table of their own since 5.2; before that in the symbols themselves, in place of st_info, and in 5.0 and 5.1 of st_size.
/// </summary>
internal sealed class ModuleSymbolReader(KernelObjects objects, VirtualAddress module, string name, IReadOnlyList<ModuleMemory> memory)
{
    // include/uapi/linux/elf.h, Elf64_Sym.
    private const int SymbolBytes = 24;
    private const int InfoAt = 4;
    private const int ValueAt = 8;
    private const int SizeAt = 16;

    private const int MaxSymbols = 1 << 20;
    private const int MaxStringBytes = 1 << 26;

    // KSYM_NAME_LEN is 512 since 6.1, 128 before; /proc/kallsyms cuts names there.
    private const int MaxNameBytes = 512;
    private const int MaxExports = 1 << 16;

    // Each of 65,536 modules can say that it has so many.
    private const int StringBytesOfStep = 64;

    private WorkAllowance _allowance =
        new(objects.Kernel.Memory.Budget, Work.Steps, MaxSymbols + ((MaxStringBytes + MaxNameBytes) / StringBytesOfStep) + MaxExports);

    public ModuleSymbols Read()
    {
        ModuleSymbols symbols = ReadTable();
        _allowance.Finish();
        return symbols;
    }

    private ModuleSymbols ReadTable()
    {
        StructType type = objects.Types.Struct("module");

        // Since 4.5 a structure of its own, behind a pointer; fields of struct module before.
        VirtualAddress holder = module;
        StructType fields = type;
        if (type.Find("kallsyms") is Field pointer)
        {
            if (objects.Pointer(module, pointer) is not VirtualAddress kallsyms || objects.Types.FindStruct("mod_kallsyms") is not StructType described)
            {
                return Damaged("it keeps none");
            }

            holder = kallsyms;
            fields = described;
        }

        if (objects.Pointer(holder, fields.Find("symtab")) is not VirtualAddress symbols
            || objects.Pointer(holder, fields.Find("strtab")) is not VirtualAddress strings
            || objects.Read(holder, fields.Find("num_symtab")) is not ulong count)
        {
            return Damaged("where they are cannot be read");
        }

        if (count > MaxSymbols)
        {
            return Damaged($"it counts {count}, and no module has so many");
        }

        if (!_allowance.TryUse((long)count))
        {
            return Damaged("too much was read before them");
        }

        byte[] table = new byte[(int)count * SymbolBytes];
        int read = objects.Kernel.Space.Read(symbols, table) / SymbolBytes;
        byte[]? letters = Letters(objects.Pointer(holder, fields.Find("typetab")), table.AsSpan(0, read * SymbolBytes));
        return new([.. Symbols(table, read, Strings(strings, table, read), letters)], memory,
            read < (int)count ? $"{name}: of {count} symbols {read} can be read" : null);
    }

    private ModuleSymbols Damaged(string why) => new([], memory, $"{name}: no symbols: {why}");

    private List<Symbol> Symbols(byte[] table, int count, byte[] strings, byte[]? letters)
    {
        HashSet<(ulong, string)> exports = Exports();
        List<Symbol> symbols = new(count);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = table.AsSpan(i * SymbolBytes, SymbolBytes);
            uint at = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            if (at >= (uint)strings.Length)
            {
                continue;
            }

            ReadOnlySpan<byte> rest = strings.AsSpan((int)at, Math.Min(strings.Length - (int)at, MaxNameBytes));
            int end = rest.IndexOf((byte)0);
            string text = Encoding.Latin1.GetString(end < 0 ? rest : rest[..end]);
            ulong value = BinaryPrimitives.ReadUInt64LittleEndian(entry[ValueAt..]);

            // Sections have entries without a name, which the kernel does not list.
            if (text.Length > 0)
            {
                char letter = letters is null || letters[i] == 0 ? '?' : (char)letters[i];
                letter = exports.Contains((value, text)) ? char.ToUpperInvariant(letter) : char.ToLowerInvariant(letter);
                symbols.Add(new(new(value), letter, text, name));
            }
        }

        return symbols;
    }

    private byte[] Strings(VirtualAddress strings, byte[] table, int count)
    {
        uint last = 0;
        for (int i = 0; i < count; i++)
        {
            uint at = BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(i * SymbolBytes));
            last = at < MaxStringBytes ? Math.Max(last, at) : last;
        }

        if (!_allowance.TryUse(last / StringBytesOfStep))
        {
            return [];
        }

        byte[] text = new byte[(int)last + MaxNameBytes];
        return text[..objects.Kernel.Space.Read(strings, text)];
    }

    private byte[]? Letters(VirtualAddress? own, ReadOnlySpan<byte> table)
    {
        byte[] letters = new byte[table.Length / SymbolBytes];
        if (own is VirtualAddress at)
        {
            return objects.Kernel.Space.Read(at, letters) == letters.Length ? letters : null;
        }

        foreach (int place in (ReadOnlySpan<int>)[InfoAt, SizeAt])
        {
            int good = 0;
            for (int i = 0; i < letters.Length; i++)
            {
                letters[i] = table[(i * SymbolBytes) + place];
                good += char.IsAsciiLetter((char)letters[i]) || letters[i] == (byte)'?' ? 1 : 0;
            }

            // The first entry is empty in every file.
            if (letters.Length > 1 && good >= letters.Length - 1)
            {
                return letters;
            }
        }

        return null;
    }

    /// <summary>
    /// What EXPORT_SYMBOL made public, whose letters /proc/kallsyms shows in upper case; EXPORT_SYMBOL_GPL's stand in a list of their own, which it does not
    /// ask.
    /// </summary>
    private HashSet<(ulong Value, string Name)> Exports()
    {
        HashSet<(ulong, string)> exports = [];
        if (objects.Types.FindStruct("kernel_symbol") is not StructType symbol
            || objects.Pointer(module, objects.Types.Struct("module").Find("syms")) is not VirtualAddress first
            || objects.Read(module, objects.Types.Struct("module").Find("num_syms")) is not (ulong count and <= MaxExports) || !_allowance.TryUse((long)count))
        {
            return exports;
        }

        for (ulong i = 0; i < count; i++)
        {
            VirtualAddress entry = first + (i * symbol.Bytes);
            if (Target(entry, symbol, "value") is ulong value && Target(entry, symbol, "name") is ulong text
                && objects.Text(new(text), MaxNameBytes) is string exported)
            {
                exports.Add((value, exported));
            }
        }

        return exports;
    }

    // Since 4.19 each place holds its distance from itself (CONFIG_HAVE_ARCH_PREL32_RELOCATIONS).
    private ulong? Target(VirtualAddress entry, StructType symbol, string field)
    {
        if (symbol.Find(field + "_offset") is Field relative)
        {
            return objects.Read(entry, relative) is ulong distance ? unchecked(entry.Value + relative.Offset + (ulong)(long)(int)distance) : null;
        }

        return objects.Read(entry, symbol.Find(field));
    }
}
