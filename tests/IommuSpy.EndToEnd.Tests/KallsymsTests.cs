using IommuSpy.Analysis;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>The guest's /proc/kallsyms is the kernel's own listing of the same table.</summary>
public class KallsymsTests
{
    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Symbols_are_those_of_the_guests_proc_kallsyms(string guest, string image)
    {
        // bpf programs and ftrace trampolines have their kind in brackets, as modules have their names: they are in tables of their own.
        string[] oracle =
            [.. File.ReadLines(Guests.Capture(guest).GuestOracle("kallsyms"))
                .Where(line => !line.EndsWith("\t[bpf]", StringComparison.Ordinal) && !line.Contains("\t[__builtin__", StringComparison.Ordinal))];
        Machine machine = GuestMachine.Open(guest, image);
        Assert.NotNull(machine.Symbols);
        Assert.Contains(oracle, line => line.EndsWith(']'));
        string[] ours =
            [.. machine.Symbols.Concat(machine.Parts.Modules.Required.Modules.SelectMany(module => module.Symbols)).Select(symbol => symbol.ToString())];
        if (GuestMachine.IsDescribed(guest))
        {
            LineComparison.Equal(oracle, ours);
            return;
        }

        // A capital letter says of a module's symbol that it is exported: of tables that inference does not find.
        static string Plain(string line) => line.EndsWith(']') ? $"{line[..17]}{char.ToLowerInvariant(line[17])}{line[18..]}" : line;
        LineComparison.Equal([.. oracle.Select(Plain)], [.. ours.Select(Plain)]);
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Every_symbol_of_the_image_is_found_by_its_name_and_by_its_address(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        foreach (var symbol in machine.Symbols!.Where(symbol => machine.Kernel.Text.Contains(symbol.Address) && symbol.Type is not ('A' or 'a')))
        {
            Assert.True(machine.Symbols!.TryFind(symbol.Name, out var found) && found.Name == symbol.Name, symbol.Name);
            Assert.Equal(0UL, machine.Parts.SymbolAt(symbol.Address)!.Value.Offset);
        }
    }
}
