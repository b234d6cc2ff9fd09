namespace IommuSpy.Linux.Inference;

/// <summary>
/// One step of inference: it declares which results of other steps it needs and which it gives, and from that follows its place in the order
/// (<see cref="StepOrder"/>). A step keeps nothing between its runs.
/// </summary>
internal abstract class InferenceStep
{
    /// <summary>What it is called in docs/inference.md.</summary>
    public string Name => GetType().Name[..^"Step".Length];

    /// <summary>The results that it needs. A <see cref="Part{T}"/> is a result that it can do without.</summary>
    public abstract IReadOnlyList<Type> Needs { get; }

    /// <summary>The result that it gives; null where the fields are all that comes of it.</summary>
    public abstract Type? Gives { get; }

    /// <summary>The result as others ask for it that can do without.</summary>
    public abstract Type GivesPart { get; }

    /// <summary>What it finds, in words: "the areas of processes".</summary>
    public abstract string Subject { get; }

    /// <summary>The fields ("mm_struct.pgd") that are refused with the step's reason where it finds nothing.</summary>
    public abstract IReadOnlyList<string> Fields { get; }

    /// <summary>Takes the step.</summary>
    /// <param name="context">What it looks at, and where it writes down the fields it finds.</param>
    /// <param name="results">What the steps before it gave; its own result is added.</param>
    public void Run(InferenceContext context, StepResults results)
    {
        int refused = context.Book.Refusals;
        if (Take(context, results) is not string reason)
        {
            return;
        }

        // A step that says itself which field it lacks has said enough.
        if (context.Book.Refusals == refused)
        {
            foreach (string field in Fields)
            {
                string[] names = field.Split('.');
                context.Book.Refuse(names[0], names[1], reason);
            }
        }
    }

    /// <summary>Stands for the step where it is not taken: adds a result of its type, or says why there is none.</summary>
    public abstract void Put(StepResults results, object? given, string absence);

    /// <summary>Takes the step where its needs are there, and adds its result. Null, or why there is none.</summary>
    protected abstract string? Take(InferenceContext context, StepResults results);
}

/// <summary>A step that gives a result of a type.</summary>
internal abstract class GivingStep<TGives> : InferenceStep
    where TGives : class
{
    /// <inheritdoc/>
    public override Type? Gives => typeof(TGives) == typeof(FieldsOnly) ? null : typeof(TGives);

    /// <inheritdoc/>
    public override Type GivesPart => typeof(Part<TGives>);

    /// <inheritdoc/>
    protected override string? Take(InferenceContext context, StepResults results) =>
        results.Add(this, results.Absence(Needs) is Absence absence ? absence : Given(context, results));

    /// <inheritdoc/>
    public override void Put(StepResults results, object? given, string absence) =>
        results.Add(this, given is TGives result ? Part.Of(result) : Part.Absent(absence));

    /// <summary>What it gives, from results that are all there.</summary>
    protected abstract Part<TGives> Given(InferenceContext context, StepResults results);
}

/// <summary>A step that needs no other.</summary>
internal abstract class InferenceStep<TGives> : GivingStep<TGives>
    where TGives : class
{
    /// <inheritdoc/>
    public override IReadOnlyList<Type> Needs => [];

    /// <summary>Finds what there is to find: the result, or why there is none.</summary>
    public abstract Part<TGives> Infer(InferenceContext context);

    /// <inheritdoc/>
    protected override Part<TGives> Given(InferenceContext context, StepResults results) => Infer(context);
}

/// <summary>A step that needs one result.</summary>
internal abstract class InferenceStep<T, TGives> : GivingStep<TGives>
    where T : class
    where TGives : class
{
    /// <inheritdoc/>
    public override IReadOnlyList<Type> Needs => [typeof(T)];

    /// <summary>Finds what there is to find: the result, or why there is none.</summary>
    public abstract Part<TGives> Infer(InferenceContext context, T need);

    /// <inheritdoc/>
    protected override Part<TGives> Given(InferenceContext context, StepResults results) => Infer(context, results.Get<T>());
}

/// <summary>A step that needs two results.</summary>
internal abstract class InferenceStep<T1, T2, TGives> : GivingStep<TGives>
    where T1 : class
    where T2 : class
    where TGives : class
{
    /// <inheritdoc/>
    public override IReadOnlyList<Type> Needs => [typeof(T1), typeof(T2)];

    /// <summary>Finds what there is to find: the result, or why there is none.</summary>
    public abstract Part<TGives> Infer(InferenceContext context, T1 first, T2 second);

    /// <inheritdoc/>
    protected override Part<TGives> Given(InferenceContext context, StepResults results) =>
        Infer(context, results.Get<T1>(), results.Get<T2>());
}

/// <summary>A step that needs three results.</summary>
internal abstract class InferenceStep<T1, T2, T3, TGives> : GivingStep<TGives>
    where T1 : class
    where T2 : class
    where T3 : class
    where TGives : class
{
    /// <inheritdoc/>
    public override IReadOnlyList<Type> Needs => [typeof(T1), typeof(T2), typeof(T3)];

    /// <summary>Finds what there is to find: the result, or why there is none.</summary>
    public abstract Part<TGives> Infer(InferenceContext context, T1 first, T2 second, T3 third);

    /// <inheritdoc/>
    protected override Part<TGives> Given(InferenceContext context, StepResults results) =>
        Infer(context, results.Get<T1>(), results.Get<T2>(), results.Get<T3>());
}

/// <summary>A step that needs four results.</summary>
internal abstract class InferenceStep<T1, T2, T3, T4, TGives> : GivingStep<TGives>
    where T1 : class
    where T2 : class
    where T3 : class
    where T4 : class
    where TGives : class
{
    /// <inheritdoc/>
    public override IReadOnlyList<Type> Needs => [typeof(T1), typeof(T2), typeof(T3), typeof(T4)];

    /// <summary>Finds what there is to find: the result, or why there is none.</summary>
    public abstract Part<TGives> Infer(InferenceContext context, T1 first, T2 second, T3 third, T4 fourth);

    /// <inheritdoc/>
    protected override Part<TGives> Given(InferenceContext context, StepResults results) =>
        Infer(context, results.Get<T1>(), results.Get<T2>(), results.Get<T3>(), results.Get<T4>());
}
