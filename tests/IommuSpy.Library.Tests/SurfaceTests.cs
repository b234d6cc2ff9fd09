using System.Reflection;

namespace IommuSpy.Library.Tests;

/// <summary>What the library shows.</summary>
public sealed class SurfaceTests
{
    private static readonly Type[] Public = typeof(Machine).Assembly.GetExportedTypes();

    /// <summary>Programs are compiled against this assembly alone: its signatures may name its own types and .NET's.</summary>
    [Fact]
    public void No_public_signature_names_a_type_of_the_rooms_below()
    {
        const BindingFlags All = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        IEnumerable<Type> named = Public.SelectMany(type => type.GetMembers(All)).SelectMany(member => member switch
        {
            MethodInfo method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType),
            ConstructorInfo made => made.GetParameters().Select(parameter => parameter.ParameterType),
            PropertyInfo property => [property.PropertyType],
            _ => Type.EmptyTypes,
        }).Concat(Public.SelectMany(type => type.GetInterfaces().Append(type.BaseType ?? typeof(object))));
        Assert.DoesNotContain(named.SelectMany(Parts),
            type => type.Assembly != typeof(Machine).Assembly && type.Namespace?.StartsWith("IommuSpy", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void It_stays_small() => Assert.InRange(Public.Length, 1, 60);

    private static IEnumerable<Type> Parts(Type type) =>
        type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type) : type.HasElementType ? Parts(type.GetElementType()!) : [type];
}
