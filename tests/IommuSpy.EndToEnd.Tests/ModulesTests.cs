using IommuSpy.Analysis;
using IommuSpy.Analysis.Explain;
using IommuSpy.Linux.Modules;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Loaded modules, against the guest's /proc/modules and /sys/module.</summary>
public class ModulesTests
{
    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Modules_are_those_of_the_guests_proc_modules(string guest, string image)
    {
        ModuleList modules = GuestMachine.Open(guest, image).Parts.Modules.Required;
        Assert.Null(modules.Damage);

        // Counts of uses and taints are not inferred: "name size uses users state address (taints)".
        static string Inferred(string line) => string.Join(' ', line.Split(' ').Take(6).Select((word, i) => i == 2 ? "-" : word));
        string[] oracle = File.ReadAllLines(Guests.Capture(guest).GuestOracle("modules"));
        LineComparison.Equal(GuestMachine.IsDescribed(guest) ? oracle : [.. oracle.Select(Inferred)], [.. modules.Modules.Select(module => module.ToString())]);
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Sections_are_those_of_the_guests_sysfs(string guest)
    {
        Assert.SkipUnless(GuestMachine.IsDescribed(guest), "modules' sections are not inferred");
        string[] oracle = [.. File.ReadLines(Guests.Capture(guest).GuestOracle("module-sections")).Order(StringComparer.Ordinal)];
        string[] ours = [.. GuestMachine.Open(guest, "ram.raw").Parts.Modules.Required.Modules
            .SelectMany(module => module.Sections.Select(section => $"{module.Name} {section.Name} {section.Address}"))
            .Order(StringComparer.Ordinal)];
        LineComparison.Equal(oracle, ours);
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Every_function_of_a_module_is_found_by_its_address_and_explained(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        int explained = 0;
        foreach (KernelModule module in machine.Parts.Modules.Required.Modules)
        {
            foreach (var symbol in module.Symbols.Where(symbol => module.MemoryAt(symbol.Address) is not null))
            {
                var found = machine.Parts.SymbolAt(symbol.Address);
                Assert.NotNull(found);
                Assert.Equal((0UL, module.Name), (found.Value.Offset, found.Value.Symbol.Module));
                Assert.Equal(found.Value.Symbol.Address, machine.Parts.SymbolAt(symbol.Address + (found.Value.Size - 1))!.Value.Symbol.Address);
            }

            Explanation text = Explanation.Of(machine, module.Base + 1);
            Assert.StartsWith($"module {module.Name}, text", text.Content, StringComparison.Ordinal);
            explained++;
        }

        Assert.True(explained > 5);
    }
}
