using IommuSpy.Linux.Inference;
using IommuSpy.Linux.Inference.Tasks;

namespace IommuSpy.Linux.Tests.Types;

/// <summary>The order of inference follows from what its steps declare.</summary>
public class InferenceOrderTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_need_has_a_giver_that_comes_before_it_however_the_steps_are_listed(int seed)
    {
        InferenceStep[] steps = [.. TypeInference.Steps];
        new Random(seed).Shuffle(steps);
        HashSet<Type> given = [];
        IReadOnlyList<InferenceStep> order = StepOrder.Of(steps);
        Assert.Equal(steps.Length, order.Count);
        foreach (InferenceStep step in order)
        {
            Assert.True(step.Needs.All(given.Contains), $"{step.Name} comes before what it needs");
            if (step.Gives is Type gives)
            {
                given.Add(gives);
                given.Add(step.GivesPart);
            }
        }
    }

    [Fact]
    public void Every_result_is_needed_by_some_step()
    {
        Type[] needs = [.. TypeInference.Steps.SelectMany(step => step.Needs)];
        Assert.All(TypeInference.Steps, step =>
            Assert.True(step.Gives is not Type gives || needs.Contains(gives) || needs.Contains(step.GivesPart), $"nobody needs what {step.Name} gives"));
    }

    [Fact]
    public void A_need_without_a_giver_is_refused() =>
        Assert.Contains("TaskNumber needs TaskSet", Assert.Throws<InvalidOperationException>(() => StepOrder.Of([new TaskNumberStep()])).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Steps_that_need_each_other_are_refused() =>
        Assert.Contains("in a circle: Egg, Hen", Assert.Throws<InvalidOperationException>(() => StepOrder.Of([new EggStep(), new HenStep()])).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Two_steps_that_give_the_same_are_refused() =>
        Assert.Throws<InvalidOperationException>(() => StepOrder.Of([new TaskListStep(), new TaskListStep()]));

    [Fact]
    public void Every_step_has_its_paragraph_in_the_documentation()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "IommuSpy.slnx")))
        {
            root = Path.GetDirectoryName(root)!;
        }

        string[] headings = [.. File.ReadLines(Path.Combine(root, "docs", "inference.md"))
            .Where(line => line.StartsWith("### ", StringComparison.Ordinal)).Select(line => line[4..])];
        Assert.Equal(TypeInference.Steps.Select(step => step.Name), headings);
    }

    private sealed record Egg;

    private sealed record Hen;

    private sealed class EggStep : InferenceStep<Hen, Egg>
    {
        public override string Subject => "an egg";

        public override IReadOnlyList<string> Fields => [];

        public override Part<Egg> Infer(InferenceContext context, Hen need) => new Egg();
    }

    private sealed class HenStep : InferenceStep<Egg, Hen>
    {
        public override string Subject => "a hen";

        public override IReadOnlyList<string> Fields => [];

        public override Part<Hen> Infer(InferenceContext context, Egg need) => new Hen();
    }
}
