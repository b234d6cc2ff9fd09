using System.Globalization;
using IommuSpy.Fuzz;

// Mutated input for what reads foreign bytes: one reader in this process, or the whole program over mutated captures.
switch (args)
{
    case ["list"]:
        Console.WriteLine(string.Join('\n', FuzzTargets.All.Select(target => target.Name)));
        return 0;
    case ["cli", string program, string count, .. string[] seed]:
        return new CommandRun(program).Run(int.Parse(count, CultureInfo.InvariantCulture), Seed(seed));
    case [string name, string seconds, .. string[] seed] when FuzzTargets.Find(name) is FuzzTarget target:
        return new FuzzLoop(target).Run(TimeSpan.FromSeconds(int.Parse(seconds, CultureInfo.InvariantCulture)), Seed(seed));
    default:
        Console.Error.WriteLine($"fuzz TARGET SECONDS [SEED] | cli PROGRAM COUNT [SEED] | list; TARGET "
            + $"is {string.Join(", ", FuzzTargets.All.Select(target => target.Name))}");
        return 2;
}

static int Seed(string[] seed) => seed.Length > 0 ? int.Parse(seed[0], CultureInfo.InvariantCulture) : 1;
