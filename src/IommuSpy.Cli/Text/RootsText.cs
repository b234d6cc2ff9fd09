using IommuSpy.Analysis.Roots;
using IommuSpy.Linux.Roots;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="RootsReport"/> as text.</summary>
internal static class RootsText
{
    public static void Write(TextWriter writer, RootsReport report)
    {
        TextTable table = new("root", "levels", "whose", "user memory", "");
        foreach (RootReport root in report.Roots)
        {
            string cpus = root.Cpus.Count > 0 ? $"in use by CPU {string.Join(", ", root.Cpus)}" : "";
            table.Add(root.Address.ToString(), $"{root.Levels}", Whose(root.Kind), root.UserBytes == 0 ? "-" : Size.Text(root.UserBytes),
                string.Join("; ", new[] { root.Name ?? "", cpus }.Where(text => text.Length > 0)));
        }

        table.Write(writer);
        if (!report.Listed)
        {
            writer.WriteLine();
            writer.WriteLine("  The kernel's own list (pgd_list) could not be read: which of these are in use is not known.");
        }
    }

    private static string Whose(RootKind kind) => kind switch
    {
        RootKind.Kernel => "kernel",
        RootKind.Process => "process",
        RootKind.PtiUserHalf => "PTI user half",
        RootKind.Boot => "boot",
        RootKind.Unlisted => "not on the kernel's list",
        _ => "unknown",
    };
}
