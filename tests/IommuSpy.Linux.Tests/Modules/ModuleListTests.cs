using System.Buffers.Binary;
using System.Text;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Types.Btf;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;
using IommuSpy.Testing.Types;

namespace IommuSpy.Linux.Tests.Modules;

/// <summary>Lists of modules built in memory, whole and damaged.</summary>
public class ModuleListTests
{
    private const ulong ModuleBytes = 512;
    private const ulong ListAt = 8;
    private const ulong NameAt = 24;
    private const ulong CoreAt = 128;
    private const ulong KallsymsAt = 192;
    private const ulong SymbolsAt = 0x4000;
    private const ulong StringsAt = 0x5000;
    private const ulong LettersAt = 0x6000;

    [Fact]
    public void A_whole_list_is_read_with_symbols_in_the_order_of_the_file()
    {
        using BuiltMachine machine = Build(3);
        ModuleList list = Read(machine);
        Assert.Null(list.Damage);
        Assert.Equal(["module_0", "module_1", "module_2"], list.Modules.Select(module => module.Name));
        KernelModule first = list.Modules[0];
        Assert.Equal(["text 1000", "rodata 1000", "data 1000"], first.Memory.Select(memory => $"{memory.Kind} {memory.Length:x}"));
        Assert.Equal(machine.Kernel.Modules[0], first.Base);
        Assert.Equal(["t second", "t first", "d datum"], first.Symbols.Select(symbol => $"{symbol.Type} {symbol.Name}"));
        VirtualAddress text = machine.Kernel.Modules[0];
        Assert.Equal("first+0x1 [module_0]", list.SymbolAt(text + 0x101).ToString());
        Assert.Equal("second+0xcff [module_0]", list.SymbolAt(text + 0xfff).ToString());
        Assert.Null(list.SymbolAt(text + 0xff));
        Assert.Null(list.SymbolAt(text + 0x1000));
        Assert.Equal("datum+0xf [module_0]", list.SymbolAt(text + 0x200f).ToString());
        Assert.Equal(text + 0x300, list.FindSymbol("second")!.Value.Address);
        Assert.Equal(text + 0x300, list.FindSymbol("second [module_0]")!.Value.Address);
        Assert.Null(list.FindSymbol("second [module_9]"));
        Assert.Equal("module_0 12288 - - Live " + text, first.ToString());
    }

    [Fact]
    public void A_list_that_goes_round_in_a_circle_ends_and_says_so()
    {
        using BuiltMachine machine = Build(3, (write, arena, head) => write(arena + ModuleBytes + ListAt, (arena + ListAt).Value));
        ModuleList list = Read(machine);
        Assert.Equal(["module_0", "module_1"], list.Modules.Select(module => module.Name));
        Assert.Contains("does not lead back", list.Damage, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wild_pointer_ends_the_list_and_is_named()
    {
        using BuiltMachine machine = Build(3, (write, arena, head) => write(arena + ListAt, 0xdead_beef_dead_beef));
        ModuleList list = Read(machine);
        Assert.Equal(["module_0"], list.Modules.Select(module => module.Name));
        Assert.Contains("0xdeadbeefdeadbeef", list.Damage, StringComparison.Ordinal);
    }

    [Fact]
    public void A_module_without_a_name_is_left_out_and_named()
    {
        using BuiltMachine machine = Build(3, (write, arena, head) => write(arena + ModuleBytes + NameAt, 0x0102_0304));
        ModuleList list = Read(machine);
        Assert.Equal(["module_0", "module_2"], list.Modules.Select(module => module.Name));
        Assert.Contains("makes no sense", list.Damage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KallsymsAt, 0xffff_8f00_0000_0000)]
    [InlineData(KallsymsAt + 8, 0xffff_ffff)]
    [InlineData(KallsymsAt + 16, 0x10)]
    public void Symbols_that_cannot_be_read_are_absent_and_the_module_is_not(ulong field, ulong value)
    {
        using BuiltMachine machine = Build(1, (write, arena, head) => write(arena + field, value));
        ModuleList list = Read(machine);
        KernelModule module = Assert.Single(list.Modules);
        Assert.Empty(module.Symbols);
        Assert.Null(list.SymbolAt(module.Base));
    }

    [Fact]
    public void Symbols_with_wild_names_are_left_out()
    {
        using BuiltMachine machine = Build(1, (write, arena, head) => write(arena + SymbolsAt + 24, 0xffff_fff0));
        Assert.Equal(["first", "datum"], Assert.Single(Read(machine).Modules).Symbols.Select(symbol => symbol.Name));
    }

    [Fact]
    public void Without_a_description_of_modules_the_absence_is_stated()
    {
        using BuiltMachine machine = Build(1);
        BtfBuilder blob = new();
        blob.Integer("int", 4);
        KernelObjects objects = new(machine.Discover(), BtfTypes.Read(blob.Build(), "nothing much")!);
        Assert.Contains("no type 'module'", Assert.Throws<MissingTypeException>(() => ModuleList.Read(objects)).Message, StringComparison.Ordinal);
    }

    private static ModuleList Read(BuiltMachine machine) => ModuleList.Read(new(machine.Discover(), Types()));

    private static BtfTypes Types()
    {
        BtfBuilder blob = new();
        uint integer = blob.Integer("unsigned int", 4);
        uint character = blob.Integer("char", 1, encoding: 2);
        uint pointer = blob.Reference(2, 0);
        uint name = blob.Array(character, 56);
        uint list = blob.Struct("list_head", 16, [new("next", pointer, 0), new("prev", pointer, 64)]);
        uint layout = blob.Struct("module_layout", 32,
            [new("base", pointer, 0), new("size", integer, 64), new("text_size", integer, 96), new("ro_size", integer, 128)]);
        uint kallsyms = blob.Struct("mod_kallsyms", 32,
            [new("symtab", pointer, 0), new("num_symtab", integer, 64), new("strtab", pointer, 128), new("typetab", pointer, 192)]);
        _ = kallsyms;
        blob.Struct("module", (uint)ModuleBytes,
        [
            new("state", integer, 0), new("list", list, (uint)ListAt * 8), new("name", name, (uint)NameAt * 8), new("core_layout", layout, (uint)CoreAt * 8),
            new("kallsyms", pointer, 256 * 8),
        ]);
        return BtfTypes.Read(blob.Build(), "built")!;
    }

    /// <summary>Modules in a row, linked in a circle; each has the same three symbols, of the first module page's neighbourhood.</summary>
    private static BuiltMachine Build(int count, Action<Action<VirtualAddress, ulong>, VirtualAddress, VirtualAddress>? spoil = null) => BuiltMachine.Raw(
        new KernelBuilder { MoreVariables = [("modules", 16), ("arena", 0x8000)] },
        (memory, kernel) =>
        {
            void Bytes(VirtualAddress at, ReadOnlySpan<byte> bytes) => memory.Write(kernel.Made.ToPhysical(at), bytes);
            void Word(VirtualAddress at, ulong value)
            {
                byte[] word = new byte[sizeof(ulong)];
                BinaryPrimitives.WriteUInt64LittleEndian(word, value);
                Bytes(at, word);
            }

            VirtualAddress head = kernel.Places["modules"];
            VirtualAddress arena = kernel.Places["arena"];
            VirtualAddress[] links = [head, .. Enumerable.Range(0, count).Select(i => arena + ((ulong)i * ModuleBytes) + ListAt)];
            for (int i = 0; i < links.Length; i++)
            {
                Word(links[i], links[(i + 1) % links.Length].Value);
                Word(links[i] + 8, links[(i + links.Length - 1) % links.Length].Value);
            }

            VirtualAddress text = kernel.Modules[0];
            for (int i = 0; i < count; i++)
            {
                VirtualAddress module = arena + ((ulong)i * ModuleBytes);
                Bytes(module + NameAt, Encoding.ASCII.GetBytes($"module_{i}"));
                Word(module + CoreAt, text.Value + ((ulong)i * 0x5000));
                Word(module + CoreAt + 8, 0x3000 | (0x1000UL << 32));
                Word(module + CoreAt + 16, 0x2000);
                Word(module + 256, (module + KallsymsAt).Value);
                Word(module + KallsymsAt, (arena + SymbolsAt).Value);
                Word(module + KallsymsAt + 8, 4);
                Word(module + KallsymsAt + 16, (arena + StringsAt).Value);
                Word(module + KallsymsAt + 24, (arena + LettersAt).Value);
            }

            (uint Name, ulong Value)[] symbols = [(0, 0), (1, text.Value + 0x300), (8, text.Value + 0x100), (14, text.Value + 0x2000)];
            for (int i = 0; i < symbols.Length; i++)
            {
                Word(arena + SymbolsAt + ((ulong)i * 24), symbols[i].Name);
                Word(arena + SymbolsAt + ((ulong)i * 24) + 8, symbols[i].Value);
            }

            Bytes(arena + StringsAt, "\0second\0first\0datum\0"u8);
            Bytes(arena + LettersAt, "?ttd"u8);
            spoil?.Invoke(Word, arena, head);
        });
}
