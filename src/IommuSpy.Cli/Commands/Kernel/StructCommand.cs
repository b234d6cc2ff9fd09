using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Types;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Linux.Objects;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy struct: what an expression of C over the kernel's objects stands for.</summary>
internal static class StructCommand
{
    public static Command Build()
    {
        Argument<string[]> expression =
            new("EXPR")
            {
                Description = "An expression of C: a variable or (TYPE *)ADDR, then .field, ->field, [index]; with *, &, casts and container_of(EXPR, TYPE, "
                    + "MEMBER) (docs/expressions.md).",
                Arity = ArgumentArity.OneOrMore
            };
        Option<string?> each = new("--each")
        {
            Description = $"EXPR is a container ({Container.Kinds}): each structure that it holds, of a type and by the member that links it; of a "
                + "container that points at them, of a type.",
            HelpName = "TYPE[.MEMBER]",
        };
        Option<string?> fields = new("--fields")
        {
            Description = "Only these fields of the structure, by paths: pid,comm,mm->pgd.",
            HelpName = "PATH,...",
        };
        Command command = new(
            "struct",
            "What an expression of C stands for: the kernel's variables and structures, by its own types, with pointers followed on the way.\n\nExamples: "
                + "iommu-spy struct -s dump.elf 'init_task.mm->pgd'\n          iommu-spy struct -s dump.elf init_task.tasks --each task_struct.tasks "
                + "--fields 'pid,comm,mm->pgd'\n          iommu-spy struct -s dump.elf '((struct page *)0xffffea0000000000)->flags'\n          iommu-spy "
                + "struct -s dump.elf runqueues --fields 'nr_running,curr->comm'")
        {
            expression,
            each,
            fields,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            string[] paths = result.GetValue(fields)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
            using Machine machine = source.OpenMachine(result);
            List<(string? Copy, Operand Operand)> operands =
                [.. result.GetRequiredValue(expression).SelectMany(text => ObjectExpression.Evaluate(machine, text))];
            AnswerForm form = output.Form(result);
            if (result.GetValue(each) is string link)
            {
                Elements(result, form, machine, operands, link, paths);
            }
            else
            {
                Reports.WriteEach(result, form, operands.Select(one => Chosen(machine, one.Operand, paths, one.Copy)), ReportJson.Default.ValueReport,
                    ValueText.Write, "value");
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Each structure in a container.</summary>
    private static void Elements(
        ParseResult result, AnswerForm form, Machine machine, IReadOnlyList<(string? Copy, Operand Operand)> heads, string link, string[] paths)
    {
        ContainedObjects[] containers = [.. heads.Select(head => ContainedObjects.Of(machine, head.Operand, link))];
        IEnumerable<Operand> elements = containers.SelectMany(container => container.Elements);
        if (form == AnswerForm.Text)
        {
            using LineWriter writer = Output.Text();
            ValueText.WriteRows(writer, paths, elements.Select(element => ValueReader.ReadFields(machine, element, paths)));
        }
        else
        {
            Reports.WriteEach(result, form, elements.Select(element => Chosen(machine, element, paths, null)), ReportJson.Default.ValueReport,
                ValueText.Write, "value");
        }

        Output.Problems(containers.SelectMany(container => container.Damage));
    }

    private static ValueReport Chosen(Machine machine, Operand operand, string[] paths, string? name) =>
        paths.Length == 0 ? ValueReader.Read(machine, operand, name) : ValueReader.ReadFields(machine, operand, paths, name);
}
