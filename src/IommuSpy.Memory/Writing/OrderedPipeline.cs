namespace IommuSpy.Memory.Writing;

/// <summary>Work on many pieces on all cores, whose results are taken in the order of the pieces, with a bounded number of them under way.</summary>
internal static class OrderedPipeline
{
    /// <summary>Runs the work on all cores, and hands on the results in order.</summary>
    /// <param name="pieces">The pieces.</param>
    /// <param name="work">What is done with each, on any thread.</param>
    /// <param name="take">What is done with each result, on this thread, in order.</param>
    internal static void Run<TPiece, TResult>(IEnumerable<TPiece> pieces, Func<TPiece, TResult> work, Action<TResult> take)
    {
        int most = 2 * Environment.ProcessorCount;
        Queue<Task<TResult>> underWay = new();
        try
        {
            foreach (TPiece piece in pieces)
            {
                WorkBudget.OfProcess.GoOn();
                if (underWay.Count == most)
                {
                    take(underWay.Dequeue().GetAwaiter().GetResult());
                }

                underWay.Enqueue(Task.Run(() => work(piece)));
            }

            while (underWay.Count > 0)
            {
                take(underWay.Dequeue().GetAwaiter().GetResult());
            }
        }
        finally
        {
            // Whoever reads memory must have stopped before the caller unmaps it.
            foreach (Task<TResult> task in underWay)
            {
                ((IAsyncResult)task).AsyncWaitHandle.WaitOne();
            }
        }
    }
}
