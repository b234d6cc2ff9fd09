namespace IommuSpy.Linux.Inference;

/// <summary>The order in which steps are taken, as their declarations demand it: each behind those that give what it needs.</summary>
internal static class StepOrder
{
    /// <summary>The steps in such an order: of those that could come next, the one that was listed first.</summary>
    /// <exception cref="InvalidOperationException">A need has no giver or several, or steps need each other in a circle.</exception>
    public static IReadOnlyList<InferenceStep> Of(IReadOnlyList<InferenceStep> steps)
    {
        Dictionary<Type, InferenceStep> giver = [];
        foreach (InferenceStep step in steps)
        {
            if (step.Gives is Type given && !(giver.TryAdd(given, step) && giver.TryAdd(step.GivesPart, step)))
            {
                throw new InvalidOperationException($"{step.Name} and {giver[given].Name} give the same");
            }
        }

        List<InferenceStep> order = [];
        List<InferenceStep> left = [.. steps];
        while (left.Count > 0)
        {
            InferenceStep next = left.Find(step => step.Needs.All(need => order.Contains(Giver(step, need))))
                ?? throw new InvalidOperationException($"these need each other in a circle: {string.Join(", ", left.Select(step => step.Name))}");
            left.Remove(next);
            order.Add(next);
        }

        return order;

        InferenceStep Giver(InferenceStep step, Type need) =>
            giver.TryGetValue(need, out InferenceStep? found) ? found
                : throw new InvalidOperationException($"{step.Name} needs {need.Name}, which no step gives");
    }
}
