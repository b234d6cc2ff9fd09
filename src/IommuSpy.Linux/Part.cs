using System.Diagnostics.CodeAnalysis;
using IommuSpy.Linux.Types;

namespace IommuSpy.Linux;

/// <summary>Something that may not be there: a value, or one sentence that says why it is not. Immutable.</summary>
/// <typeparam name="T">What it is.</typeparam>
public sealed class Part<T>
    where T : class
{
    internal Part(T? value, string? absence)
    {
        Value = value;
        Absence = absence;
    }

    /// <summary>The value; null where it is not there.</summary>
    public T? Value { get; }

    /// <summary>Why it is not there, in one sentence without a full stop; null where it is.</summary>
    public string? Absence { get; }

    /// <summary>The value, for whoever has no answer without it.</summary>
    /// <exception cref="MissingTypeException">It is not there. The message is <see cref="Absence"/>.</exception>
    public T Required => Value ?? throw new MissingTypeException(Absence!);

    /// <summary>Tells a value from its absence.</summary>
    /// <param name="value">The value, where it is there.</param>
    /// <param name="absence">Why not, where it is not.</param>
    public bool TryGet([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out string? absence)
    {
        value = Value;
        absence = Absence;
        return value is not null;
    }

    /// <summary>What is there.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator Part<T>(T value) => Part.Of(value);

    /// <summary>What is not.</summary>
    /// <param name="absence">Why the part is not there, in a sentence.</param>
    public static implicit operator Part<T>(Absence absence) => new(null, absence.Why);
}

/// <summary>Makes parts.</summary>
public static class Part
{
    /// <summary>A part that is there.</summary>
    public static Part<T> Of<T>(T value)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(value);
        return new(value, null);
    }

    /// <summary>What reading gives, or why it gives nothing: the one place where a missing type becomes an absence.</summary>
    /// <param name="read">Reads it.</param>
    public static Part<T> Read<T>(Func<T> read)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(read);
        try
        {
            return Of(read());
        }
        catch (MissingTypeException missing)
        {
            return Absent(missing.Message);
        }
    }

    /// <summary>A part that is not there, of whatever kind is asked for.</summary>
    /// <param name="why">One sentence without a full stop.</param>
    public static Absence Absent(string why) => new(why);
}
