using System.Runtime.InteropServices;

namespace IommuSpy.Memory;

/// <summary>What has to be undone also when the program is interrupted or terminated: files of memory removed, a stopped guest started.</summary>
public sealed class OnInterrupt : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<OnInterrupt> Pending = [];
    private static PosixSignalRegistration[]? _signals;
    private static volatile bool _outlivesInterrupt;

    private readonly Action _undo;

    private OnInterrupt(Action undo) => _undo = undo;

    /// <summary>Says that this program goes on after Ctrl-C, which ends an answer alone: nothing is undone by it.</summary>
    public static void Outlive() => _outlivesInterrupt = true;

    /// <summary>Undoes something when a signal ends the program, until this is disposed of.</summary>
    internal static OnInterrupt Do(Action undo)
    {
        OnInterrupt pending = new(undo);
        lock (Gate)
        {
            _signals ??=
                [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT }.Select(signal =>
                    PosixSignalRegistration.Create(signal, context => UndoAll(context.Signal)))];
            Pending.Add(pending);
        }

        return pending;
    }

    /// <summary>It was done, or need not be.</summary>
    public void Dispose()
    {
        lock (Gate)
        {
            Pending.Remove(this);
        }
    }

    // The signal then does what it always does: end the program.
    private static void UndoAll(PosixSignal signal)
    {
        if (signal == PosixSignal.SIGINT && _outlivesInterrupt)
        {
            return;
        }

        OnInterrupt[] pending;
        lock (Gate)
        {
            pending = [.. Pending];
            Pending.Clear();
        }

        foreach (OnInterrupt one in pending)
        {
            one._undo();
        }
    }
}
