using System.Globalization;
using IommuSpy.Catalogue;
using Microsoft.AspNetCore.Http;

namespace IommuSpy.Explorer.Server;

/// <summary>What stands behind the question mark of an address.</summary>
internal sealed class Parameters(IQueryCollection query)
{
    /// <summary>A parameter's value; null where it is not given, or empty.</summary>
    /// <exception cref="QuestionException">It is given more than once.</exception>
    public string? Find(string name) => query[name] switch
    {
        [] => null,
        [var value] => string.IsNullOrEmpty(value) ? null : value,
        _ => throw new QuestionException($"{name} is given more than once"),
    };

    /// <summary>A parameter's value.</summary>
    /// <exception cref="QuestionException">It is not given, or more than once.</exception>
    public string Get(string name) => Find(name) ?? throw new QuestionException($"{name} is missing: ?{name}=...");

    /// <summary>Each value of a parameter.</summary>
    public string[] Each(string name) => [.. query[name].OfType<string>().Where(value => value.Length > 0)];

    /// <summary>A whole number.</summary>
    /// <exception cref="QuestionException">It is no number, or not from <paramref name="least"/> to <paramref name="most"/>.</exception>
    public long Number(string name, long otherwise, long least, long most) => Find(name) is not string text ? otherwise
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= least && number <= most ? number
        : throw new QuestionException($"{name} is a number from {least} to {most}");
}
