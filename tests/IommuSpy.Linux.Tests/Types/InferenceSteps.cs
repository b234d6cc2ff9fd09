using IommuSpy.Linux.Inference;

namespace IommuSpy.Linux.Tests.Types;

/// <summary>Takes some steps of inference alone.</summary>
internal static class InferenceSteps
{
    /// <summary>Takes steps in the order that they demand, with results that other steps would have given; what is not given is not there.</summary>
    public static InferredTypes Take(LinuxKernel kernel, IReadOnlyList<InferenceStep> steps, params IReadOnlyList<object> given)
    {
        InferenceContext context = new(kernel, reader: null);
        StepResults results = new();
        foreach (InferenceStep step in StepOrder.Of(TypeInference.Steps))
        {
            if (steps.Any(asked => asked.GetType() == step.GetType()))
            {
                step.Run(context, results);
            }
            else
            {
                step.Put(results, given.FirstOrDefault(result => result.GetType() == step.Gives), "not asked for");
            }
        }

        return context.Book.Close();
    }
}
